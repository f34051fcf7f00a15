-- At most the burst in any period: src/limits/sliding-window.ts and slot-counts.ts.
--
-- A state, after its tag: the burst that was in force, the number of the newest slot (0 when there is none), how many slots there are,
-- then a pair for each, oldest first: how many slots it is older than the newest, its count.
-- Here `counts` is a flat list of pairs: a slot's number, its count.

local SLOTS = 60

local sliding_window = { tag = -3 }

local function slot_at(micros, period)
  local periods = math.floor(micros / period)
  return periods * SLOTS + (multiply_divide(micros - periods * period, SLOTS, 0, period))
end

-- The start of the 61st slot after this one.
local function leaves_at(slot, period)
  local later = slot + SLOTS + 1
  local periods = math.floor(later / SLOTS)
  local quotient, remainder = multiply_divide(later - periods * SLOTS, period, 0, SLOTS)
  return periods * period + quotient + (remainder > 0 and 1 or 0)
end

local function newest_slot(counts)
  return counts[#counts - 1] or -math.huge
end

local function add_count(counts, slot, count)
  if count == 0 then return counts end
  local added = { unpack(counts) }
  if newest_slot(counts) == slot then
    added[#added] = added[#added] + count
  else
    added[#added + 1] = slot
    added[#added + 1] = count
  end
  return added
end

local function remove_newest(counts, count)
  local kept, left, at = { unpack(counts) }, count, #counts
  while left > 0 do
    local removed = math.min(left, kept[at])
    left = left - removed
    kept[at] = kept[at] - removed
    at = at - 2
  end
  return kept
end

local function decode_counts(fields, slots, newest)
  local counts, sum, older = {}, 0, SLOTS + 1
  for i = 5, 4 + 2 * slots, 2 do
    local age, count = fields[i], fields[i + 1]
    if not (is_whole(age, 0, older - 1) and is_whole(count, 0, 2 * MAX_TOKENS)) then return nil end
    older, sum = age, sum + count
    counts[#counts + 1] = newest - age
    counts[#counts + 1] = count
  end
  if slots > 0 and older > 0 then return nil end
  return counts, sum
end

function sliding_window.decode(fields)
  local burst, newest, slots = fields[2], fields[3], fields[4]
  if not (is_whole(burst, 0, MAX_TOKENS) and is_whole(newest, 0, MAX_SAFE)) then return nil end
  if not is_whole(slots, 0, SLOTS + 1) then return nil end
  local counts, sum = decode_counts(fields, slots, newest)
  if not counts or sum > burst + MAX_TOKENS then return nil end
  return { burst = burst, counts = counts }, 5 + 2 * slots
end

function sliding_window.encode(state, pending)
  local counts = state.counts
  local newest = math.max(0, newest_slot(counts))
  local fields = { sliding_window.tag, state.burst, newest, #counts / 2 }
  for i = 1, #counts, 2 do
    fields[#fields + 1] = newest - counts[i]
    fields[#fields + 1] = counts[i + 1]
  end
  for _, field in ipairs(pending) do fields[#fields + 1] = field end
  return cmsgpack.pack(unpack(fields))
end

function sliding_window.refill(stored, limit, now)
  local burst = limit.burst
  if not stored then return { counts = {}, tokens = burst, burst = burst } end
  local slot = slot_at(now, limit.period)
  local step_back = math.max(0, newest_slot(stored.counts) - slot)
  local counts, sum = {}, 0
  for i = 1, #stored.counts, 2 do
    local counted = stored.counts[i] - step_back
    if counted >= slot - SLOTS then
      counts[#counts + 1] = counted
      counts[#counts + 1] = stored.counts[i + 1]
      sum = sum + stored.counts[i + 1]
    end
  end
  local tokens = math.min(burst, stored.burst - sum)
  local wanted = burst - tokens
  counts = wanted >= sum and add_count(counts, slot, wanted - sum) or remove_newest(counts, sum - wanted)
  return { counts = counts, tokens = tokens, burst = burst }
end

function sliding_window.refund(state, hits, limit)
  local given = math.min(hits, limit.burst - state.tokens)
  if given == 0 then return state end
  return { counts = remove_newest(state.counts, given), tokens = state.tokens + given, burst = state.burst }
end

function sliding_window.charge(state, tokens, limit, now)
  local counts = add_count(state.counts, slot_at(now, limit.period), state.tokens - tokens)
  return { counts = counts, tokens = tokens, burst = state.burst }
end

function sliding_window.micros_until(wanted, tokens, state, limit, now)
  local missing = wanted - tokens
  if missing <= 0 then return 0 end
  if wanted > limit.burst then return math.huge end
  local counts, returned = state.counts, 0
  for i = 1, #counts, 2 do
    returned = returned + counts[i + 1]
    if returned >= missing then return leaves_at(counts[i], limit.period) - now end
  end
  return leaves_at(slot_at(now, limit.period), limit.period) - now
end

function sliding_window.kept_micros(state, limit, now)
  if #state.counts == 0 then return 0 end
  return leaves_at(newest_slot(state.counts), limit.period) - now
end

function sliding_window.is_outdated(stored, refilled, limit)
  local is_shifted = #refilled.counts > 0 and newest_slot(refilled.counts) < newest_slot(stored.counts)
  return is_shifted or stored.burst ~= limit.burst
end

-- Where the pair of this slot starts, or nil when there is none.
local function find_slot(counts, slot)
  for i = 1, #counts, 2 do
    if counts[i] == slot then return i end
  end
end

function sliding_window.refundable(state, limit, hits, taken_at, _, now)
  local slot = slot_at(taken_at, limit.period)
  local at = find_slot(state.counts, slot)
  if not at or state.counts[at + 1] < hits then return 0 end
  local current = slot_at(now, limit.period)
  return newest_slot(state.counts) <= current and slot >= current - SLOTS and hits or 0
end

function sliding_window.give_back(refilled, hits, taken_at, limit)
  local slot, counts = slot_at(taken_at, limit.period), {}
  for i = 1, #refilled.counts, 2 do
    local count = refilled.counts[i + 1] - (refilled.counts[i] == slot and hits or 0)
    if count > 0 then
      counts[#counts + 1] = refilled.counts[i]
      counts[#counts + 1] = count
    end
  end
  return { counts = counts, tokens = refilled.tokens + hits, burst = refilled.burst }
end
