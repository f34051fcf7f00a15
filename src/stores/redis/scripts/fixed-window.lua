-- Full at each start of a window: src/limits/fixed-window.ts.
--
-- A state, after its tag: the window's number from the epoch, tokens, the burst that was in force.

local fixed_window = { tag = -2 }

-- How long it is to the start of the window that comes so many after this one.
local function micros_to_start(windows, period, now)
  return (windows - 1) * period + (period - now % period)
end

function fixed_window.decode(fields)
  local state = { window = fields[2], tokens = fields[3], burst = fields[4] }
  if not (is_whole(state.window, 0, MAX_SAFE) and is_whole(state.burst, 0, MAX_TOKENS)) then return nil end
  if not is_whole(state.tokens, -MAX_TOKENS, state.burst) then return nil end
  return state, 5
end

function fixed_window.encode(state, pending)
  return cmsgpack.pack(fixed_window.tag, state.window, state.tokens, state.burst, unpack(pending))
end

local function tokens_after(stored, windows, burst)
  if windows <= 0 then return math.min(burst, stored.tokens) end
  local before_the_last = stored.tokens + (windows - 1) * stored.burst
  return before_the_last >= 0 and burst or math.min(burst, before_the_last + stored.burst)
end

function fixed_window.refill(stored, limit, now)
  local window = math.floor(now / limit.period)
  if not stored then return { window = window, tokens = limit.burst, burst = limit.burst } end
  local tokens = tokens_after(stored, window - stored.window, limit.burst)
  return { window = window, tokens = tokens, burst = limit.burst == 0 and stored.burst or limit.burst }
end

function fixed_window.refund(state, hits, limit)
  local tokens = math.min(limit.burst, state.tokens + hits)
  if tokens == state.tokens then return state end
  return { window = state.window, tokens = tokens, burst = state.burst }
end

function fixed_window.charge(state, tokens)
  return { window = state.window, tokens = tokens, burst = state.burst }
end

function fixed_window.micros_until(wanted, tokens, state, limit, now)
  if wanted <= tokens then return 0 end
  if wanted > limit.burst or limit.burst == 0 then return math.huge end
  return micros_to_start(math.ceil((wanted - tokens) / limit.burst), limit.period, now)
end

function fixed_window.kept_micros(state, limit, now)
  if state.tokens >= 0 then return micros_to_start(1, limit.period, now) end
  if state.burst == 0 then return math.huge end
  return micros_to_start(math.ceil((state.burst - state.tokens) / state.burst), limit.period, now)
end

function fixed_window.is_outdated(stored, refilled, limit)
  if refilled.window < stored.window or refilled.burst ~= stored.burst or refilled.tokens < stored.tokens then
    return true
  end
  return refilled.tokens == limit.burst and refilled.window ~= stored.window
end

function fixed_window.refundable(state, limit, hits, taken_at, _, now)
  local window = math.floor(taken_at / limit.period)
  local is_over = state.window ~= window or math.floor(now / limit.period) ~= window
  return is_over and 0 or hits
end

function fixed_window.give_back(refilled, hits, _, limit)
  return fixed_window.refund(refilled, hits, limit)
end
