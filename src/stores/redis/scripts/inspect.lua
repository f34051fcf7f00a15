-- Looks at one bucket and writes nothing. Comes last of the files that the script is made of.
--
-- KEYS[1]  the bucket
-- ARGV     algorithm (1 token_bucket, 2 fixed_window, 3 sliding_window), tokensPerPeriod, periodMicros, burst, maxDebt, and 1
--          where parts of requests are decided, which may be given back (Cluster), else 0
-- Reply    tokens, untilFullMicros in decimal digits (-1: never), how many charges are pending; or an error of Redis, such as
--          one that says what is not the state of a bucket

local time = redis.call("TIME")
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local algorithm = tonumber(ARGV[1])
local limit = {
  arithmetic = ARITHMETICS[algorithm],
  name = NAMES[algorithm],
  rate = tonumber(ARGV[2]),
  period = tonumber(ARGV[3]),
  burst = tonumber(ARGV[4]),
  max_debt = tonumber(ARGV[5]),
}

local bucket = read_bucket(1, limit, now, ARGV[6] == "1")
if bucket.fault then return redis.error_reply(bucket.fault) end
open_bucket(bucket, limit, now)
local until_full = limit.arithmetic.micros_until(limit.burst, bucket.tokens, bucket.refilled, limit, now)
local told = until_full == math.huge and "-1" or string.format("%.0f", until_full)
return { bucket.tokens, told, count_pending(bucket.pending) }
