-- Makes a bucket full again: a full bucket is no bucket.
--
-- KEYS[1]  the bucket
-- Reply    1 when there was one, else 0

return redis.call("DEL", KEYS[1])
