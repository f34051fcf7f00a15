-- The buckets of a batch: each is read once, decided over in memory as often as the batch asks, and written once.
--
-- A state is MessagePack: the algorithm's tag, a byte that no text starts with; what the algorithm keeps (see its file);
-- pairs of pending charges (the moment at which they lapse, how many), oldest first; and, in a Cluster, for a while after
-- anything but time and hits changed the balance, the moment of that, which voids receipts from before it (give-back.lua).

-- Keys live 100 years at most, so that no expiry overflows.
local MAX_LIFE_MICROS = 100 * 365 * 86400 * 1000000

-- Longer than any receipt is good for.
local VOID_REMEMBERED_MICROS = 2000000

-- By the numbers that stand for them in a batch.
local ARITHMETICS = { token_bucket, fixed_window, sliding_window }
local NAMES = { "token bucket", "fixed window", "sliding window" }

local function collect(ok, ...)
  return ok, { ... }, select("#", ...)
end

-- The stored state, its pending charges and from when on receipts count, or nil when these bytes are none of the algorithm's.
local function decode(bytes, arithmetic, limit, gives_back)
  local ok, fields, count = collect(pcall(cmsgpack.unpack, bytes))
  if not ok or fields[1] ~= arithmetic.tag then return nil end
  local state, first_pending = arithmetic.decode(fields, limit)
  if not state then return nil end
  local voided_at
  if gives_back and (count - first_pending) % 2 == 0 then
    voided_at = fields[count]
    if not is_whole(voided_at, 0, MAX_SAFE) then return nil end
    count = count - 1
  end
  local pending = decode_pending(fields, first_pending, count)
  if not pending then return nil end
  return state, pending, voided_at
end

-- Reads a bucket. `state` is what the decisions so far have made of it: nil is a full one. One that cannot be used has a
-- fault.
local function read_bucket(index, limit, now, gives_back)
  local key = KEYS[index]
  local bucket = { key = key, pending = {}, exists = false, changed = false }
  local bytes = redis.pcall("GET", key)
  if not bytes then return bucket end
  if type(bytes) == "table" then
    bucket.fault = bytes.err
    return bucket
  end
  bucket.exists = true
  local state, pending, voided_at = decode(bytes, limit.arithmetic, limit, gives_back)
  if not state then
    bucket.fault = "ERR not the state of a " .. limit.name
    return bucket
  end
  bucket.state, bucket.voided_at = state, voided_at
  bucket.pending = #pending > 0 and drop_lapsed(pending, now) or pending
  return bucket
end

-- Full, with nothing to remember: no bucket at all.
local function is_spare(bucket, now)
  if #bucket.pending > 0 then return false end
  if bucket.voided_at and bucket.voided_at + VOID_REMEMBERED_MICROS > now then return false end
  return bucket.limit.arithmetic.kept_micros(bucket.state, bucket.limit, now) == 0
end

-- Brings a bucket to `now` for a decision by this limit.
local function open_bucket(bucket, limit, now)
  if bucket.limit ~= limit then
    if bucket.changed and bucket.state and is_spare(bucket, now) then bucket.state = nil end
    bucket.limit = limit
    bucket.refilled = limit.arithmetic.refill(bucket.state, limit, now)
  end
  bucket.refunded = bucket.refilled
  bucket.tokens = bucket.refilled.tokens
  bucket.used, bucket.added, bucket.removed = 0, 0, 0
end

-- Receipts from before now are void. After a part of another request in this very batch: that one's, too.
local function void_receipts(bucket, now)
  bucket.voided_at = bucket.part_taken and now + 1 or now
end

-- Whether the state was left by a limit of the same rate and burst; by another one it may have been clamped.
local function is_of(state, limit)
  return state.burst == limit.burst and (not state.rate or state.rate == limit.rate)
end

-- Keeps what a decision changed. A plain refusal changes nothing, and neither does keeping it twice.
local function keep_change(bucket, now, lapse, gives_back)
  local limit, refilled, refunded = bucket.limit, bucket.refilled, bucket.refunded
  local charged = refunded ~= refilled or bucket.tokens ~= refilled.tokens or bucket.used > 0 or bucket.added > 0
    or bucket.removed > 0
  local state = bucket.state
  if not charged and not (state and limit.arithmetic.is_outdated(state, refilled, limit)) then return end
  if gives_back and state and not is_of(state, limit) then void_receipts(bucket, now) end
  if bucket.used > 0 then bucket.pending = use_pending(bucket.pending, bucket.used) end
  if bucket.removed > 0 then bucket.pending = remove_pending(bucket.pending, bucket.removed) end
  if bucket.added > 0 then add_pending(bucket.pending, bucket.added, now, lapse) end
  bucket.state = limit.arithmetic.charge(refunded, bucket.tokens, limit, now)
  bucket.refilled, bucket.refunded = bucket.state, bucket.state
  bucket.used, bucket.added, bucket.removed = 0, 0, 0
  bucket.changed = true
  bucket.part_taken = bucket.is_in_part
end

-- Writes a changed bucket; a full bucket is no bucket. Returns Redis' words when it cannot.
local function write_bucket(bucket, now)
  local limit, state, pending, voided_at = bucket.limit, bucket.state, bucket.pending, bucket.voided_at
  local life = 0
  if state then life = limit.arithmetic.kept_micros(state, limit, now) end
  if #pending > 0 then life = math.max(life, pending[#pending - 1] - now) end
  if voided_at then
    local remembered = voided_at + VOID_REMEMBERED_MICROS - now
    if remembered > 0 then
      life = math.max(life, remembered)
      pending = { unpack(pending) }
      pending[#pending + 1] = voided_at
    end
  end
  local reply
  if life > 0 then
    local expires_at = math.ceil((now + math.min(life, MAX_LIFE_MICROS)) / 1000)
    local bytes = limit.arithmetic.encode(state, pending)
    reply = redis.pcall("SET", bucket.key, bytes, "PXAT", expires_at)
  elseif bucket.exists then
    reply = redis.pcall("DEL", bucket.key)
  end
  return type(reply) == "table" and reply.err or nil
end
