-- Fills evenly up to the burst: src/limits/token-bucket.ts.
--
-- A state, after its tag: atMicros, tokens, remainder, tokensPerPeriod, burst (the largest since the bucket was last full by it).

local MAX_RATE = 4294967295

local token_bucket = { tag = -1 }

-- How long it takes until so many tokens are minted.
local function micros_to_mint(tokens, remainder, rate, period)
  if rate == 0 then return math.huge end
  local periods = math.floor(tokens / rate)
  local quotient, rest = multiply_divide(tokens - periods * rate, period, 0, rate)
  return periods * period + quotient + math.ceil((rest - remainder) / rate)
end

function token_bucket.decode(fields, limit)
  local state = { at = fields[2], tokens = fields[3], remainder = fields[4], rate = fields[5], burst = fields[6] }
  if not (is_whole(state.at, 0, MAX_SAFE) and is_whole(state.burst, 0, MAX_TOKENS)) then return nil end
  if not is_whole(state.tokens, -MAX_TOKENS, state.burst) then return nil end
  if not (is_whole(state.remainder, 0, limit.period - 1) and is_whole(state.rate, 0, MAX_RATE)) then return nil end
  return state, 7
end

function token_bucket.encode(state, pending)
  local tag, rate, burst = token_bucket.tag, state.rate, state.burst
  return cmsgpack.pack(tag, state.at, state.tokens, state.remainder, rate, burst, unpack(pending))
end

function token_bucket.refill(stored, limit, now)
  local burst = limit.burst
  if not stored then return { at = now, tokens = burst, remainder = 0, rate = limit.rate, burst = burst } end
  local elapsed = math.max(0, now - stored.at)
  local periods = math.floor(elapsed / limit.period)
  local quotient, remainder =
    multiply_divide(elapsed - periods * limit.period, stored.rate, stored.remainder, limit.period)
  local tokens = stored.tokens + periods * stored.rate + quotient
  local full = tokens >= burst
  return {
    at = now,
    tokens = full and burst or tokens,
    remainder = full and 0 or remainder,
    rate = burst == 0 and stored.rate or limit.rate,
    burst = tokens >= stored.burst and burst or math.max(burst, stored.burst),
  }
end

function token_bucket.refund(state, hits, limit)
  local tokens = math.min(limit.burst, state.tokens + hits)
  if tokens == state.tokens then return state end
  local remainder = tokens == limit.burst and 0 or state.remainder
  return { at = state.at, tokens = tokens, remainder = remainder, rate = state.rate, burst = state.burst }
end

-- Changes the state: it is one that refill or refund has made for this decision.
function token_bucket.charge(state, tokens)
  state.tokens = tokens
  return state
end

function token_bucket.micros_until(wanted, tokens, state, limit)
  if wanted <= tokens then return 0 end
  if wanted > limit.burst then return math.huge end
  return micros_to_mint(wanted - tokens, state.remainder, limit.rate, limit.period)
end

function token_bucket.kept_micros(state, limit)
  if state.tokens >= state.burst then return 0 end
  return micros_to_mint(state.burst - state.tokens, state.remainder, state.rate, limit.period)
end

function token_bucket.is_outdated(stored, refilled, limit)
  return refilled.at < stored.at or refilled.rate ~= stored.rate or refilled.burst ~= stored.burst
    or refilled.tokens == limit.burst
end

-- Minted since the hits were taken: exactly, if nothing has happened since, else one more than it may be.
local function minted_since(taken_at, state, limit, now)
  local elapsed = now - taken_at
  local periods = math.floor(elapsed / limit.period)
  local remainder = state.at == taken_at and state.remainder or limit.period - 1
  return periods * state.rate + (multiply_divide(elapsed - periods * limit.period, state.rate, remainder, limit.period))
end

function token_bucket.refundable(state, limit, hits, taken_at, missing, now)
  if state.at < taken_at then return 0 end
  return math.max(0, hits - math.max(0, minted_since(taken_at, state, limit, now) - missing))
end

function token_bucket.give_back(refilled, hits, _, limit)
  return token_bucket.refund(refilled, hits, limit)
end
