import type { Algorithm } from "../limits/limit.js";
import { algorithmOf } from "./algorithm.js";
import { readDuration } from "./duration.js";
import type { RateLimitRules } from "./limit-schema.js";
import { unitOf } from "./period.js";
import type { RateLimit, RuleLimit } from "./rule.js";
import type { DescriptorRules } from "./schema.js";
import type { TokenBucketRules } from "./token-bucket-schema.js";
import { describeFill } from "./told-rate.js";
import { SECONDS_PER_UNIT, type Unit } from "./unit.js";

/**
 * The limits of a valid descriptor as the engine takes them: defaults filled in, names of the arithmetic.
 * @param algorithm that of limits which do not say theirs
 */
export function compileLimits(descriptor: DescriptorRules, algorithm: Algorithm): RuleLimit[] {
  const { rate_limit: one, rate_limits: several, token_bucket: bucket } = descriptor;
  if (bucket !== undefined) return [compileTokenBucket(bucket)];
  const limits = several ?? (one === undefined ? [] : [one]);
  return limits.map((written) => compileLimit(written, algorithm));
}

function compileLimit(written: RateLimitRules, algorithm: Algorithm): RuleLimit {
  if (written.unlimited === true) return { unlimited: true, ...nameOf(written) };
  const requestsPerUnit = written.requests_per_unit ?? 0;
  const unitMultiplier = written.unit_multiplier ?? 1;
  // The schema has made sure of a unit, and that what counts in windows has no burst.
  const unit = unitOf(written.unit ?? "") as Unit;
  const burst = written.burst ?? requestsPerUnit;
  const bucket = {
    algorithm: algorithmOf(written.algorithm) ?? algorithm,
    tokensPerPeriod: requestsPerUnit,
    periodMicros: SECONDS_PER_UNIT[unit] * unitMultiplier * 1_000_000,
    burst,
    maxDebt: written.max_debt ?? burst,
  };
  return { unlimited: false, ...nameOf(written), requestsPerUnit, unit, unitMultiplier, bucket };
}

function compileTokenBucket(written: TokenBucketRules): RateLimit {
  const tokensPerPeriod = written.tokens_per_fill ?? 1;
  // The schema has made sure that it is a duration.
  const periodMicros = readDuration(written.fill_interval) as number;
  const burst = written.max_tokens;
  return {
    unlimited: false,
    ...nameOf(written),
    ...describeFill(tokensPerPeriod, periodMicros),
    bucket: { algorithm: "token_bucket", tokensPerPeriod, periodMicros, burst, maxDebt: written.max_debt ?? burst },
  };
}

function nameOf(written: RateLimitRules | TokenBucketRules): Pick<RateLimit, "name" | "replaces"> {
  return { name: written.name ?? "", replaces: (written.replaces ?? []).map((entry) => entry.name) };
}
