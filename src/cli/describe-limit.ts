import type { Algorithm } from "../limits/limit.js";
import type { RateLimit, RuleLimit } from "../rules/rule.js";
import { describeDuration } from "./describe-duration.js";

const ALGORITHMS: { readonly [A in Algorithm]: string } = {
  token_bucket: "token bucket",
  fixed_window: "fixed window",
  sliding_window: "sliding window",
};

/** A limit in words, such as `logins: 2 per minute, burst 2, token bucket with one token every 30s`. */
export function describeLimit(limit: RuleLimit): string {
  const name = limit.name === "" ? "" : `${limit.name}: `;
  if (limit.unlimited) return `${name}unlimited`;
  return `${name}${describeRate(limit)}${describeReplaces(limit)}`;
}

function describeRate({ requestsPerUnit, unit, unitMultiplier, bucket }: RateLimit): string {
  const period = unitMultiplier === 1 ? unit : `${unitMultiplier} ${unit}s`;
  const rate = `${requestsPerUnit} per ${period}`;
  if (bucket.burst === 0) return `${rate}, a ban`;
  const algorithm = ALGORITHMS[bucket.algorithm];
  const debt = bucket.maxDebt === bucket.burst ? "" : `, max_debt ${bucket.maxDebt}`;
  if (bucket.algorithm !== "token_bucket") return `${rate}, ${algorithm}${debt}`;
  const refill = `one token every ${describeDuration(bucket.periodMicros / bucket.tokensPerPeriod)}`;
  return `${rate}, burst ${bucket.burst}, ${algorithm} with ${refill}${debt}`;
}

function describeReplaces({ replaces }: RuleLimit): string {
  return replaces.length === 0 ? "" : `; replaces ${replaces.join(", ")}`;
}
