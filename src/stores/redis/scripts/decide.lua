-- Decides over all charges of one request at one instant, all or nothing: src/stores/admission.ts in Redis' Lua,
-- with the arithmetic of src/limits. Numbers are whole and, where not said otherwise, exact as doubles.
--
-- KEYS     the distinct buckets of the request
-- ARGV     1: how long a pending charge is kept, in microseconds
--          then four for each key: tokensPerPeriod, periodMicros, burst, maxDebt
--          then four for each charge: the index of its key from 1, role, action, hits (words as in store.ts)
-- Reply    1: 1 when admitted, else 0
--          then five for each charge: fits (1 or 0), settled (1 or 0), tokens, untilFullMicros, untilFitsMicros;
--          -1 is never, and microseconds beyond 2^53 come as decimal digits in a string
-- Errors   an error reply that ends with "(bucket N)" when key N is of another type or holds no state of ours
--
-- A state is MessagePack: atMicros, tokens, remainder, tokensPerPeriod, then pairs of pending charges (the moment at
-- which they lapse, how many), oldest first. Nothing is written before all has been read and checked.

local MAX_SAFE = 9007199254740991
local MAX_TOKENS = 1000000000000000
local MAX_RATE = 4294967295
-- Keys live 100 years at most, so that no expiry overflows.
local MAX_LIFE_MICROS = 100 * 365 * 86400 * 1000000
local SLOTS_PER_LAPSE = 16

-- floor((x * y + z) / divisor) and the rest, exactly: see src/limits/exact.ts.
local function multiply_divide(x, y, z, divisor)
  local direct = x * y + z
  if direct <= MAX_SAFE then
    local quotient = math.floor(direct / divisor)
    return quotient, direct - quotient * divisor
  end
  local radix = math.floor(MAX_SAFE / (2 * divisor)) - 1
  local leading = math.floor(y / radix)
  local quotient, remainder = multiply_divide(x, leading, 0, divisor)
  local rest = radix * remainder + x * (y - leading * radix) + z
  local carry = math.floor(rest / divisor)
  return radix * quotient + carry, rest - carry * divisor
end

local function micros_until(wanted, tokens, remainder, limit)
  local missing = wanted - tokens
  if missing <= 0 then return 0 end
  if wanted > limit.burst or limit.rate == 0 then return math.huge end
  local periods = math.floor(missing / limit.rate)
  local quotient, rest = multiply_divide(missing - periods * limit.rate, limit.period, 0, limit.rate)
  return periods * limit.period + quotient + math.ceil((rest - remainder) / limit.rate)
end

local function settle(tokens, hits, limit)
  return math.min(tokens, math.max(-limit.max_debt, tokens - hits))
end

local function count_pending(pending)
  local count = 0
  for i = 2, #pending, 2 do count = count + pending[i] end
  return count
end

local function use_pending(pending, count)
  local left, kept = count, {}
  for i = 1, #pending, 2 do
    local used = math.min(left, pending[i + 1])
    left = left - used
    if pending[i + 1] > used then
      kept[#kept + 1] = pending[i]
      kept[#kept + 1] = pending[i + 1] - used
    end
  end
  return kept
end

-- Changes the list. Lapse times are rounded up to a slot; after a clock step back the newest pair may lapse later.
local function add_pending(pending, count, now, lapse)
  local slot = math.max(1, math.floor(lapse / SLOTS_PER_LAPSE))
  local lapses_at = math.ceil((now + lapse) / slot) * slot
  local last = #pending
  if last > 0 and pending[last - 1] >= lapses_at then
    pending[last] = pending[last] + count
  else
    pending[last + 1] = lapses_at
    pending[last + 2] = count
  end
end

local function is_whole(value, least, most)
  return type(value) == "number" and value >= least and value <= most and value == math.floor(value)
end

local function collect(ok, ...)
  return ok, { ... }, select("#", ...)
end

-- The stored state, or nil when these bytes are not one.
local function decode(bytes, period)
  local ok, fields, count = collect(pcall(cmsgpack.unpack, bytes))
  if not ok or count < 4 or count % 2 == 1 then return nil end
  local state = { at = fields[1], tokens = fields[2], remainder = fields[3], rate = fields[4], pending = {} }
  if not (is_whole(state.at, 0, MAX_SAFE) and is_whole(state.tokens, -MAX_TOKENS, MAX_TOKENS)) then return nil end
  if not (is_whole(state.remainder, 0, period - 1) and is_whole(state.rate, 0, MAX_RATE)) then return nil end
  for i = 5, count, 2 do
    if not (is_whole(fields[i], 0, MAX_SAFE) and is_whole(fields[i + 1], 1, MAX_SAFE)) then return nil end
    if i > 5 and fields[i] <= fields[i - 2] then return nil end
    state.pending[i - 4] = fields[i]
    state.pending[i - 3] = fields[i + 1]
  end
  return state
end

-- Brings a stored state to `now`: the bucket's tokens, remainder and pending charges.
local function refill(bucket, stored, now)
  local limit = bucket.limit
  local elapsed = math.max(0, now - stored.at)
  local periods = math.floor(elapsed / limit.period)
  local quotient, remainder =
    multiply_divide(elapsed - periods * limit.period, stored.rate, stored.remainder, limit.period)
  local tokens = stored.tokens + periods * stored.rate + quotient
  local full = tokens >= limit.burst
  bucket.tokens = full and limit.burst or tokens
  bucket.remainder = full and 0 or remainder
  for i = 1, #stored.pending, 2 do
    if stored.pending[i] > now then
      bucket.pending[#bucket.pending + 1] = stored.pending[i]
      bucket.pending[#bucket.pending + 1] = stored.pending[i + 1]
    end
  end
end

-- The bucket of KEYS[index] at `now`, or nil and what is wrong with it. Absent is full.
local function open_bucket(index, limit, now)
  local bytes = redis.pcall("GET", KEYS[index])
  if type(bytes) == "table" then return nil, bytes.err end
  local bucket = { limit = limit, tokens = limit.burst, remainder = 0, pending = {}, used = 0, added = 0 }
  if bytes then
    local stored = decode(bytes, limit.period)
    if not stored then return nil, "ERR not the state of a token bucket" end
    refill(bucket, stored, now)
    -- What must be written even when nothing is charged: see isOutdated in src/stores/bucket-change.ts.
    bucket.outdated = now < stored.at or stored.rate ~= limit.rate
      or (bucket.tokens == limit.burst and stored.tokens ~= limit.burst)
    bucket.existed = true
  end
  bucket.available = count_pending(bucket.pending)
  bucket.refilled_tokens, bucket.refilled_remainder = bucket.tokens, bucket.remainder
  return bucket
end

local function give_refunds(charges)
  for _, charge in ipairs(charges) do
    if charge.action == "refund" then
      local bucket = charge.bucket
      bucket.tokens = math.min(bucket.limit.burst, bucket.tokens + charge.hits)
      if bucket.tokens == bucket.limit.burst then bucket.remainder = 0 end
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
  for _, bucket in ipairs(buckets) do bucket.tokens = bucket.after_refunds end
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
  for _, bucket in ipairs(buckets) do bucket.after_refunds = bucket.tokens end
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
  local limit, pending = bucket.limit, bucket.pending
  if bucket.used > 0 then pending = use_pending(pending, bucket.used) end
  if bucket.added > 0 then add_pending(pending, bucket.added, now, lapse) end
  if bucket.tokens == limit.burst and #pending == 0 then
    if bucket.existed then redis.call("DEL", key) end
    return
  end
  local charged = bucket.tokens ~= bucket.refilled_tokens or bucket.remainder ~= bucket.refilled_remainder
    or bucket.used > 0 or bucket.added > 0
  if bucket.existed and not charged and not bucket.outdated then return end
  local life = micros_until(limit.burst, bucket.tokens, bucket.remainder, limit)
  if #pending > 0 then life = math.max(life, pending[#pending - 1] - now) end
  local expires_at = math.ceil((now + math.min(life, MAX_LIFE_MICROS)) / 1000)
  local state = cmsgpack.pack(now, bucket.tokens, bucket.remainder, limit.rate, unpack(pending))
  redis.call("SET", key, state, "PXAT", string.format("%.0f", expires_at))
end

local function micros_reply(micros)
  if micros == math.huge then return -1 end
  if micros > MAX_SAFE then return string.format("%.0f", micros) end
  return micros
end

local function reply_of(admitted, charges)
  local reply = { admitted and 1 or 0 }
  for _, charge in ipairs(charges) do
    local limit, tokens = charge.bucket.limit, charge.tokens
    local fraction = tokens == limit.burst and 0 or charge.bucket.remainder
    local until_fits = charge.action == "refund" and 0 or micros_until(charge.hits, tokens, fraction, limit)
    reply[#reply + 1] = charge.fits and 1 or 0
    reply[#reply + 1] = charge.settled and 1 or 0
    reply[#reply + 1] = tokens
    reply[#reply + 1] = micros_reply(micros_until(limit.burst, tokens, fraction, limit))
    reply[#reply + 1] = micros_reply(until_fits)
  end
  return reply
end

local time = redis.call("TIME")
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local lapse = tonumber(ARGV[1])

local buckets = {}
for index = 1, #KEYS do
  local at = 4 * index - 2
  local limit = {
    rate = tonumber(ARGV[at]),
    period = tonumber(ARGV[at + 1]),
    burst = tonumber(ARGV[at + 2]),
    max_debt = tonumber(ARGV[at + 3]),
  }
  local bucket, fault = open_bucket(index, limit, now)
  if not bucket then return redis.error_reply(fault .. " (bucket " .. index .. ")") end
  buckets[index] = bucket
end

local charges = {}
for at = 4 * #KEYS + 2, #ARGV, 4 do
  local bucket = buckets[tonumber(ARGV[at])]
  charges[#charges + 1] = { bucket = bucket, role = ARGV[at + 1], action = ARGV[at + 2], hits = tonumber(ARGV[at + 3]) }
end

local admitted = decide(buckets, charges)
local reply = reply_of(admitted, charges)
for index, bucket in ipairs(buckets) do store(KEYS[index], bucket, now, lapse) end
return reply
