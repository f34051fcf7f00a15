-- Decides over all charges of one request at one instant, all or nothing: src/stores/admission.ts in Redis' Lua,
-- with the arithmetic of src/limits. Numbers are whole and, where not said otherwise, exact as doubles.
-- Comes after exact, pending-charges, token-bucket, fixed-window and sliding-window, as one script with them.
--
-- KEYS     the distinct buckets of the request
-- ARGV     1: how long a pending charge is kept, in microseconds
--          then five for each key: algorithm, tokensPerPeriod, periodMicros, burst, maxDebt
--          then four for each charge: the index of its key from 1, role, action, hits (words as in store.ts)
-- Reply    1: 1 when admitted, else 0
--          then five for each charge: fits (1 or 0), settled (1 or 0), tokens, untilFullMicros, untilFitsMicros;
--          -1 is never, and microseconds beyond 2^53 come as decimal digits in a string
-- Errors   an error reply that ends with "(bucket N)" when key N is of another type or holds no state of ours
--
-- A state is MessagePack: the algorithm's tag, a byte that no text starts with; what the algorithm keeps (see its file);
-- then pairs of pending charges (the moment at which they lapse, how many), oldest first. Nothing is written before all
-- has been read and checked.

-- Keys live 100 years at most, so that no expiry overflows.
local MAX_LIFE_MICROS = 100 * 365 * 86400 * 1000000

local ARITHMETICS = { token_bucket = token_bucket, fixed_window = fixed_window, sliding_window = sliding_window }

local function settle(tokens, hits, limit)
  return math.min(tokens, math.max(-limit.max_debt, tokens - hits))
end

local function collect(ok, ...)
  return ok, { ... }, select("#", ...)
end

-- The stored state and its pending charges, or nil when these bytes are none of the algorithm's.
local function decode(bytes, arithmetic, limit)
  local ok, fields, count = collect(pcall(cmsgpack.unpack, bytes))
  if not ok or fields[1] ~= arithmetic.tag then return nil end
  local state, first_pending = arithmetic.decode(fields, limit)
  local pending = state and decode_pending(fields, first_pending, count)
  if not pending then return nil end
  return state, pending
end

-- The bucket of KEYS[index] at `now`, or nil and what is wrong with it. Absent is full.
local function open_bucket(index, algorithm, limit, now)
  local bytes = redis.pcall("GET", KEYS[index])
  if type(bytes) == "table" then return nil, bytes.err end
  local arithmetic = ARITHMETICS[algorithm]
  local stored, pending = nil, {}
  if bytes then
    stored, pending = decode(bytes, arithmetic, limit)
    if not stored then return nil, "ERR not the state of a " .. string.gsub(algorithm, "_", " ") end
    pending = drop_lapsed(pending, now)
  end
  local refilled = arithmetic.refill(stored, limit, now)
  return {
    arithmetic = arithmetic,
    limit = limit,
    stored = stored,
    refilled = refilled,
    refunded = refilled,
    tokens = refilled.tokens,
    pending = pending,
    available = count_pending(pending),
    used = 0,
    added = 0,
  }
end

local function give_refunds(charges)
  for _, charge in ipairs(charges) do
    if charge.action == "refund" then
      local bucket = charge.bucket
      bucket.refunded = bucket.arithmetic.refund(bucket.refunded, charge.hits, bucket.limit)
      bucket.tokens = bucket.refunded.tokens
      charge.fits, charge.settled, charge.tokens = true, false, bucket.tokens
    end
  end
end

local function take_in_order(charges)
  for _, charge in ipairs(charges) do
    if charge.action ~= "refund" then
      local bucket, hits = charge.bucket, charge.hits
      charge.fits = bucket.tokens - hits >= 0
      charge.settled = charge.action == "report" and hits > 0 and bucket.available > bucket.used
      if charge.settled then
        bucket.used = bucket.used + 1
        bucket.tokens = settle(bucket.tokens, hits, bucket.limit)
      elseif charge.fits then
        bucket.tokens = bucket.tokens - hits
      end
      charge.tokens = bucket.tokens
    end
  end
end

local function is_admitted(charges)
  local has_quota, quota_fits = false, false
  for _, charge in ipairs(charges) do
    if charge.action ~= "refund" and charge.role ~= "shadow" then
      if charge.role == "enforced" then
        if not charge.fits then return false end
      else
        has_quota = true
        quota_fits = quota_fits or charge.fits or charge.role == "shadow_quota"
      end
    end
  end
  return quota_fits or not has_quota
end

-- A refused request pays what it reported and nothing else.
local function take_only_settled(buckets, charges)
  for _, bucket in ipairs(buckets) do bucket.tokens = bucket.refunded.tokens end
  for _, charge in ipairs(charges) do
    if charge.action ~= "refund" then
      local bucket = charge.bucket
      if charge.settled then bucket.tokens = settle(bucket.tokens, charge.hits, bucket.limit) end
      charge.tokens = bucket.tokens
    end
  end
end

-- Moves the balances of the buckets and fills in the charges' outcomes. Writes nothing.
local function decide(buckets, charges)
  give_refunds(charges)
  take_in_order(charges)
  local admitted = is_admitted(charges)
  if admitted then
    for _, charge in ipairs(charges) do
      if charge.action == "peek" then charge.bucket.added = charge.bucket.added + 1 end
    end
  else
    take_only_settled(buckets, charges)
  end
  return admitted
end

-- Writes what a decision changed; a full bucket is no bucket. A plain refusal changes nothing.
local function store(key, bucket, now, lapse)
  local limit, arithmetic, stored, pending = bucket.limit, bucket.arithmetic, bucket.stored, bucket.pending
  local charged = bucket.refunded ~= bucket.refilled or bucket.tokens ~= bucket.refilled.tokens
    or bucket.used > 0 or bucket.added > 0
  if not charged and not (stored and arithmetic.is_outdated(stored, bucket.refilled, limit)) then return end
  if bucket.used > 0 then pending = use_pending(pending, bucket.used) end
  if bucket.added > 0 then add_pending(pending, bucket.added, now, lapse) end
  local state = arithmetic.charge(bucket.refunded, bucket.tokens, limit, now)
  local life = arithmetic.kept_micros(state, limit, now)
  if #pending > 0 then life = math.max(life, pending[#pending - 1] - now) end
  if life == 0 then
    if stored then redis.call("DEL", key) end
    return
  end
  local expires_at = math.ceil((now + math.min(life, MAX_LIFE_MICROS)) / 1000)
  redis.call("SET", key, arithmetic.encode(state, pending), "PXAT", string.format("%.0f", expires_at))
end

local function micros_reply(micros)
  if micros == math.huge then return -1 end
  if micros > MAX_SAFE then return string.format("%.0f", micros) end
  return micros
end

local function reply_of(admitted, charges, now)
  local reply = { admitted and 1 or 0 }
  for _, charge in ipairs(charges) do
    local bucket, tokens = charge.bucket, charge.tokens
    local limit, state, until_fits = bucket.limit, bucket.refunded, 0
    local micros_until = bucket.arithmetic.micros_until
    if charge.action ~= "refund" then until_fits = micros_until(charge.hits, tokens, state, limit, now) end
    reply[#reply + 1] = charge.fits and 1 or 0
    reply[#reply + 1] = charge.settled and 1 or 0
    reply[#reply + 1] = tokens
    reply[#reply + 1] = micros_reply(micros_until(limit.burst, tokens, state, limit, now))
    reply[#reply + 1] = micros_reply(until_fits)
  end
  return reply
end

local time = redis.call("TIME")
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local lapse = tonumber(ARGV[1])

local buckets = {}
for index = 1, #KEYS do
  local at = 5 * index - 3
  local limit = {
    rate = tonumber(ARGV[at + 1]),
    period = tonumber(ARGV[at + 2]),
    burst = tonumber(ARGV[at + 3]),
    max_debt = tonumber(ARGV[at + 4]),
  }
  local bucket, fault = open_bucket(index, ARGV[at], limit, now)
  if not bucket then return redis.error_reply(fault .. " (bucket " .. index .. ")") end
  buckets[index] = bucket
end

local charges = {}
for at = 5 * #KEYS + 2, #ARGV, 4 do
  local bucket = buckets[tonumber(ARGV[at])]
  charges[#charges + 1] = { bucket = bucket, role = ARGV[at + 1], action = ARGV[at + 2], hits = tonumber(ARGV[at + 3]) }
end

local admitted = decide(buckets, charges)
local reply = reply_of(admitted, charges, now)
for index, bucket in ipairs(buckets) do store(KEYS[index], bucket, now, lapse) end
return reply
