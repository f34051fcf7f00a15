-- One request's charges, decided over all or nothing: src/stores/admission.ts in Redis' Lua.

-- Roles and actions by the numbers that stand for them in a batch.
local ENFORCED, SHADOW, SHADOW_QUOTA = 1, 2, 4
local TAKE, REPORT, PEEK, REFUND = 1, 2, 3, 4

-- The charges at hand, one to one: what is asked, and what became of it. Used again for each decision.
local charged_bucket, charged_role, charged_action, charged_hits = {}, {}, {}, {}
local charge_fits, charge_settled, charge_tokens = {}, {}, {}

local function settle(tokens, hits, limit)
  return math.min(tokens, math.max(-limit.max_debt, tokens - hits))
end

local function give_refunds(count, now, gives_back)
  for i = 1, count do
    if charged_action[i] == REFUND then
      local bucket = charged_bucket[i]
      local refunded = bucket.limit.arithmetic.refund(bucket.refunded, charged_hits[i], bucket.limit)
      if gives_back and refunded ~= bucket.refunded then void_receipts(bucket, now) end
      bucket.refunded = refunded
      bucket.tokens = refunded.tokens
      charge_fits[i], charge_settled[i], charge_tokens[i] = true, false, refunded.tokens
    end
  end
end

local function take_in_order(count)
  for i = 1, count do
    local action = charged_action[i]
    if action ~= REFUND then
      local bucket, hits = charged_bucket[i], charged_hits[i]
      local fits = bucket.tokens - hits >= 0
      local settled = action == REPORT and hits > 0 and #bucket.pending > 0
        and count_pending(bucket.pending) > bucket.used
      if settled then
        bucket.used = bucket.used + 1
        bucket.tokens = settle(bucket.tokens, hits, bucket.limit)
      elseif fits then
        bucket.tokens = bucket.tokens - hits
      end
      charge_fits[i], charge_settled[i], charge_tokens[i] = fits, settled, bucket.tokens
    end
  end
end

local function is_admitted(count)
  local has_quota, quota_fits = false, false
  for i = 1, count do
    local role = charged_role[i]
    if charged_action[i] ~= REFUND and role ~= SHADOW then
      if role == ENFORCED then
        if not charge_fits[i] then return false end
      else
        has_quota = true
        quota_fits = quota_fits or charge_fits[i] or role == SHADOW_QUOTA
      end
    end
  end
  return quota_fits or not has_quota
end

local function count_peeks(count)
  for i = 1, count do
    if charged_action[i] == PEEK then charged_bucket[i].added = charged_bucket[i].added + 1 end
  end
end

-- A refused request pays what it reported and nothing else. `tokens` gets what each charge left in its bucket.
local function take_only_settled(count, tokens)
  for i = 1, count do charged_bucket[i].tokens = charged_bucket[i].refunded.tokens end
  for i = 1, count do
    if charged_action[i] ~= REFUND then
      local bucket = charged_bucket[i]
      if charge_settled[i] then bucket.tokens = settle(bucket.tokens, charged_hits[i], bucket.limit) end
      tokens[i] = bucket.tokens
    end
  end
end

-- Microseconds as a reply: -1 is never, and beyond 2^53 they are digits in a string.
local function micros_reply(micros)
  if micros == math.huge then return -1 end
  if micros > MAX_SAFE then return string.format("%.0f", micros) end
  return micros
end

-- Puts behind reply[at]: the tokens that charge i left in its bucket, when the bucket will be full, and when the same hits
-- will fit.
local function reply_prediction(reply, at, i, tokens, now)
  local bucket = charged_bucket[i]
  local limit, state, until_fits = bucket.limit, bucket.refunded, 0
  local micros_until = limit.arithmetic.micros_until
  if charged_action[i] ~= REFUND then until_fits = micros_until(charged_hits[i], tokens, state, limit, now) end
  reply[at + 1] = tokens
  reply[at + 2] = micros_reply(micros_until(limit.burst, tokens, state, limit, now))
  reply[at + 3] = micros_reply(until_fits)
end

local function flags_of(i)
  return (charge_fits[i] and 1 or 0) + (charge_settled[i] and 2 or 0)
end

-- All charges of a request: moves the balances of their buckets.
local function decide_whole(count, now)
  take_in_order(count)
  local admitted = is_admitted(count)
  if admitted then count_peeks(count) else take_only_settled(count, charge_tokens) end
  local reply, at = { admitted and 1 or 0, 0, 0, 0, 0 }, 2
  for i = 1, count do
    reply[at] = flags_of(i)
    reply_prediction(reply, at, i, charge_tokens[i], now)
    at = at + 4
  end
  return reply
end

local function refuses_alone(count)
  for i = 1, count do
    if charged_action[i] ~= REFUND and charged_role[i] == ENFORCED and not charge_fits[i] then return true end
  end
  return false
end

-- A part of the charges of a request, others of which are decided elsewhere. If it refuses by itself, nothing is taken;
-- else whatever fits is, and the reply tells how things stand now and how they will if the request is refused elsewhere.
local function decide_part(count, now)
  take_in_order(count)
  local refuses = refuses_alone(count)
  local taken_tokens, refused_tokens = {}, {}
  for i = 1, count do
    taken_tokens[i] = charged_bucket[i].tokens
    refused_tokens[i] = charge_tokens[i]
  end
  take_only_settled(count, refused_tokens)
  local taken = {}
  for i = 1, count do taken[i] = charged_bucket[i].tokens - taken_tokens[i] end
  if not refuses then
    for i = 1, count do
      charged_bucket[i].tokens = taken_tokens[i]
      charged_bucket[i].is_in_part = true
    end
    count_peeks(count)
  end
  local reply = { refuses and 0 or 1 }
  for i = 1, count do
    local bucket = charged_bucket[i]
    reply[#reply + 1] = flags_of(i)
    reply_prediction(reply, #reply, i, charge_tokens[i], now)
    reply_prediction(reply, #reply, i, refused_tokens[i], now)
    reply[#reply + 1] = bucket.limit.burst - bucket.refunded.tokens
    reply[#reply + 1] = taken[i]
  end
  return reply
end
