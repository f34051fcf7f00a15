-- Gives back what a part took of a request that was refused elsewhere (Cluster).
--
-- A receipt says when the hits were taken, and what the bucket missed to be full just before. Without them it might have
-- been full since, and lost what came on top: at most what was minted since beyond what it missed. That much is held back,
-- so nobody ever gets a token that time did not add; and nothing is, where nobody else came by and the bucket was not full.
-- Void are receipts of a bucket that has since been full, refunded, under a limit of another rate or burst, or lost (a
-- failover), and those of a window that is over.

-- What of `hits` may still be given back to the bucket.
local function refundable(bucket, hits, taken_at, missing, now)
  local state, limit = bucket.state, bucket.limit
  if not state or now < taken_at or (bucket.voided_at and bucket.voided_at > taken_at) then return 0 end
  return limit.arithmetic.refundable(state, limit, hits, taken_at, missing, now)
end

local function give_back(bucket, hits, peeks, taken_at, missing, now)
  if bucket.state and #bucket.pending > 0 then bucket.removed = peeks end
  local given = hits > 0 and refundable(bucket, hits, taken_at, missing, now) or 0
  if given > 0 then
    bucket.refunded = bucket.limit.arithmetic.give_back(bucket.refilled, given, taken_at, bucket.limit, now)
    bucket.tokens = bucket.refunded.tokens
  end
  return given
end
