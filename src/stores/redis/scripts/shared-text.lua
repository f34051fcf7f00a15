-- Reads a text that replicas share, and replaces it if it is still the one that the writer knows.
--
-- KEYS[1]  where it is: a version in decimal digits, a line end, the text; no key is version 0 and the empty text
-- ARGV[1]  the version that the caller knows
-- ARGV[2]  "read"; or "replace" with
-- ARGV[3]  the new text; empty: the key goes
-- ARGV[4]  when the key may go by itself, milliseconds since the epoch
-- Reply    Redis' time in microseconds; the version now; the text, or nothing where the version is the one that the caller
--          knows; 1 when the text was replaced, else 0
--
-- A version is never used twice while Redis' clock goes on: it is the moment of the write, or one more than the last.

local time = redis.call("TIME")
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local stored = redis.call("GET", KEYS[1])
local version, text = "0", ""
if stored then
  version, text = string.match(stored, "^(%d+)\n(.*)$")
  if not version then return redis.error_reply("ERR not a text that replicas of Weir share") end
end
if version ~= ARGV[1] then return { now, version, text, 0 } end
if ARGV[2] ~= "replace" then return { now, version, false, 0 } end
if ARGV[3] == "" then
  redis.call("DEL", KEYS[1])
  return { now, "0", false, 1 }
end
local next_version = string.format("%.0f", math.max(now, tonumber(version) + 1))
redis.call("SET", KEYS[1], next_version .. "\n" .. ARGV[3], "PXAT", ARGV[4])
return { now, next_version, false, 1 }
