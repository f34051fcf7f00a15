-- Decides over the requests of a batch, in order and at one instant, each all or nothing. Comes last of the files that the
-- script is made of. Numbers are whole and, where not said otherwise, exact as doubles.
--
-- KEYS     the distinct buckets of the batch
-- ARGV[1]  a JSON array of numbers:
--          1: until when, by Redis' clock in microseconds, the batch may be charged; -1: whenever it runs
--          2: how long a pending charge is kept, in microseconds
--          3: 1 where parts of requests are decided, which may be given back (Cluster), else 0
--          4: how many limits follow
--          then five for each limit: algorithm (1 token_bucket, 2 fixed_window, 3 sliding_window), tokensPerPeriod,
--          periodMicros, burst, maxDebt
--          then the decisions, each as: kind, how many charges, and for each of those
--          - kinds 1 (whole) and 2 (part): key, limit (both from 1), role (1 enforced, 2 shadow, 3 quota, 4 shadow_quota),
--            action (1 take, 2 report, 3 peek, 4 refund), hits. A bucket has the limit of its first charge.
--          - kind 3 (give back): key, limit, hits, peeks, taken at, missing (see give-back.lua)
-- Reply    1: Redis' time in microseconds
--          then for each decision either words in a string, which say what is wrong, or an array:
--          - kind 1: 1 when admitted, else 0; then four for each charge: flags (1 fits + 2 settled), tokens,
--            untilFullMicros, untilFitsMicros
--          - kind 2: 1 when what fits was taken, 0 when this part refuses by itself, which takes nothing; then nine for
--            each charge: the same four if the request is admitted, the last three of them if it is refused, what the
--            bucket missed to be full, and what all charges together took of it that would go back
--          - kind 3: for each charge the hits given back
--          Microseconds: -1 is never, beyond 2^53 they are decimal digits in a string
-- Words    `LATE` when the batch came too late, which charged nothing; or an error of Redis, which ends with " (bucket N)"
--          when key N cannot be used, and then fails the decisions on this key and no others
--
-- All is read and checked before anything is written.

local time = redis.call("TIME")
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local batch = cjson.decode(ARGV[1])
local not_after, lapse, gives_back = batch[1], batch[2], batch[3] == 1

local limits = {}
for i = 1, batch[4] do
  local at = 5 * i
  local algorithm = batch[at]
  limits[i] = {
    arithmetic = ARITHMETICS[algorithm],
    name = NAMES[algorithm],
    rate = batch[at + 1],
    period = batch[at + 2],
    burst = batch[at + 3],
    max_debt = batch[at + 4],
  }
end

local WHOLE, GIVE_BACK = 1, 3
local reply, buckets = { now }, {}

-- Opens the buckets of a decision, each once. Returns what is wrong with one of them.
local function open_all(decision, at, count, width)
  for i = 1, count do
    local index, limit = batch[at], limits[batch[at + 1]]
    local bucket = buckets[index]
    if not bucket then
      bucket = read_bucket(index, limit, now, gives_back)
      buckets[index] = bucket
    end
    if bucket.fault then return bucket.fault .. " (bucket " .. index .. ")" end
    if bucket.decision ~= decision then
      bucket.decision = decision
      open_bucket(bucket, limit, now)
    end
    charged_bucket[i] = bucket
    at = at + width
  end
end

local function decide(kind, at, count)
  for i = 1, count do
    charged_role[i], charged_action[i], charged_hits[i] = batch[at + 2], batch[at + 3], batch[at + 4]
    at = at + 5
  end
  give_refunds(count, now, gives_back)
  if kind == WHOLE then return decide_whole(count, now) end
  return decide_part(count, now)
end

local function give_back_all(at, count)
  local given = {}
  for i = 1, count do
    given[i] = give_back(charged_bucket[i], batch[at + 2], batch[at + 3], batch[at + 4], batch[at + 5], now)
    at = at + 6
  end
  return given
end

-- Calls visit(decision, kind, where its charges start, how many there are, numbers of each).
local function each_decision(visit)
  local decision, at = 0, 5 + 5 * batch[4]
  while at < #batch do
    local kind, count = batch[at], batch[at + 1]
    local width = kind == GIVE_BACK and 6 or 5
    decision = decision + 1
    visit(decision, kind, at + 2, count, width)
    at = at + 2 + width * count
  end
end

-- Without memory Redis refuses the first write of a script, and with it all others: decisions that changed nothing stand,
-- those on a bucket that was to be changed fail.
local function fail_changes(fault)
  each_decision(function(decision, _, at, count, width)
    for i = 0, count - 1 do
      local bucket = buckets[batch[at + i * width]]
      if bucket and bucket.changed then reply[decision + 1] = fault end
    end
  end)
end

local is_late = not_after >= 0 and now > not_after
each_decision(function(decision, kind, at, count, width)
  local fault = is_late and "LATE" or open_all(decision, at, count, width)
  if fault then
    reply[decision + 1] = fault
    return
  end
  reply[decision + 1] = kind == GIVE_BACK and give_back_all(at, count) or decide(kind, at, count)
  for i = 1, count do keep_change(charged_bucket[i], now, lapse, gives_back) end
end)

for index = 1, #KEYS do
  local bucket = buckets[index]
  local fault = bucket and bucket.changed and write_bucket(bucket, now)
  if fault then
    if string.sub(fault, 1, 3) ~= "OOM" then return redis.error_reply(fault) end
    fail_changes(fault)
    break
  end
end
return reply
