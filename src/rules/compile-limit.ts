import type { RateLimitRules } from "./limit-schema.js";
import { unitOf } from "./period.js";
import type { RateLimit, RuleLimit } from "./rule.js";
import { SECONDS_PER_UNIT, type Unit } from "./unit.js";

/** Makes a valid `rate_limit` what the engine takes: defaults filled in, names of the arithmetic. */
export function compileLimit(written: RateLimitRules): RuleLimit {
  const name = written.name ?? "";
  const replaces = (written.replaces ?? []).map((entry) => entry.name);
  if (written.unlimited === true) return { unlimited: true, name, replaces };
  // The schema has made sure of a unit.
  return { unlimited: false, name, replaces, ...compileRate(written, unitOf(written.unit ?? "") as Unit) };
}

function compileRate(written: RateLimitRules, unit: Unit): Omit<RateLimit, "unlimited" | "name" | "replaces"> {
  const requestsPerUnit = written.requests_per_unit ?? 0;
  const unitMultiplier = written.unit_multiplier ?? 1;
  const burst = written.burst ?? requestsPerUnit;
  return {
    requestsPerUnit,
    unit,
    unitMultiplier,
    bucket: {
      tokensPerPeriod: requestsPerUnit,
      periodMicros: SECONDS_PER_UNIT[unit] * unitMultiplier * 1_000_000,
      burst,
      maxDebt: written.max_debt ?? burst,
    },
  };
}
