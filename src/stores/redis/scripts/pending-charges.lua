-- Peeks whose cost has not been reported yet: src/limits/pending-charges.ts. A flat list of pairs, oldest first: the
-- moment at which they lapse, how many. In a state these pairs come last.

local SLOTS_PER_LAPSE = 16

local function count_pending(pending)
  local count = 0
  for i = 2, #pending, 2 do count = count + pending[i] end
  return count
end

local function drop_lapsed(pending, now)
  local kept = {}
  for i = 1, #pending, 2 do
    if pending[i] > now then
      kept[#kept + 1] = pending[i]
      kept[#kept + 1] = pending[i + 1]
    end
  end
  return kept
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

-- Takes back the newest ones, as if they had never been added.
local function remove_pending(pending, count)
  local left, kept, last = count, { unpack(pending) }, #pending
  while left > 0 and last > 0 do
    local removed = math.min(left, kept[last])
    left = left - removed
    kept[last] = kept[last] - removed
    if kept[last] == 0 then
      kept[last], kept[last - 1] = nil, nil
      last = last - 2
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

-- The pairs from fields[first] on, or nil when they are none.
local function decode_pending(fields, first, count)
  if (count - first) % 2 == 0 then return nil end
  local pending = {}
  for i = first, count, 2 do
    if not (is_whole(fields[i], 0, MAX_SAFE) and is_whole(fields[i + 1], 1, MAX_SAFE)) then return nil end
    if i > first and fields[i] <= fields[i - 2] then return nil end
    pending[#pending + 1] = fields[i]
    pending[#pending + 1] = fields[i + 1]
  end
  return pending
end
