import { type Algorithm, MAX_PERIOD_MICROS } from "../limits/limit.js";
import type { RateLimit } from "../rules/rule.js";
import { SECONDS_PER_UNIT } from "../rules/unit.js";

/** What an override says of its limit, wherever it came from. */
export type OverrideRate = Pick<RateLimit, "requestsPerUnit" | "unit" | "unitMultiplier">;

/**
 * The one limit that an override puts in place of a rule's. Periods beyond the longest one count as the longest (35 years).
 * @param burst also how far it may go into debt
 */
export function namelessLimit(rate: OverrideRate, algorithm: Algorithm, burst: number): RateLimit {
  const { requestsPerUnit, unit, unitMultiplier } = rate;
  return {
    unlimited: false,
    name: "",
    replaces: [],
    requestsPerUnit,
    unit,
    unitMultiplier,
    bucket: {
      algorithm,
      tokensPerPeriod: requestsPerUnit,
      periodMicros: Math.min(SECONDS_PER_UNIT[unit] * unitMultiplier * 1_000_000, MAX_PERIOD_MICROS),
      burst,
      maxDebt: burst,
    },
  };
}
