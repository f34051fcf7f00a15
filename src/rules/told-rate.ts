import { MAX_TOKENS_PER_PERIOD } from "../limits/limit.js";
import type { RateLimit } from "./rule.js";
import { SECONDS_PER_UNIT, type Unit } from "./unit.js";

/** A rate in the words of Envoy's `current_limit`, which knows whole seconds only. */
export type ToldRate = Pick<RateLimit, "requestsPerUnit" | "unit" | "unitMultiplier">;

/** No rate is scaled up to a longer period just to be told exactly. */
const LONGEST_TOLD_SECONDS = 3_600;

const UNITS_DOWN = (Object.keys(SECONDS_PER_UNIT) as Unit[]).reverse();

/**
 * How a fill of tokens is told, in the largest unit that divides its interval: 10 in 60 s as 10 per minute, 1 in 90 s as
 * 1 per 90 seconds. An interval that is no whole seconds is scaled to the shortest that is, up to an hour: 1 in 100 ms
 * as 10 per second, 1 in 1.5 s as 2 per 3 seconds. Where that is longer, or more tokens than the wire can tell, the
 * nearest whole numbers are told; the bucket itself stays exact.
 */
export function describeFill(tokens: number, intervalMicros: number): ToldRate {
  const times = 1_000_000 / greatestDivisor(intervalMicros, 1_000_000);
  const seconds = (intervalMicros * times) / 1_000_000;
  const isExact = times === 1 || (seconds <= LONGEST_TOLD_SECONDS && tokens * times <= MAX_TOKENS_PER_PERIOD);
  if (isExact) return inLargestUnit(tokens * times, seconds);
  if (intervalMicros >= 1_000_000) return inLargestUnit(tokens, Math.round(intervalMicros / 1_000_000));
  const perSecond = Math.round((tokens * 1_000_000) / intervalMicros);
  return inLargestUnit(Math.min(perSecond, MAX_TOKENS_PER_PERIOD), 1);
}

function inLargestUnit(requestsPerUnit: number, seconds: number): ToldRate {
  const unit = UNITS_DOWN.find((each) => seconds % SECONDS_PER_UNIT[each] === 0) as Unit;
  return { requestsPerUnit, unit, unitMultiplier: seconds / SECONDS_PER_UNIT[unit] };
}

function greatestDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestDivisor(b, a % b);
}
