import type { BucketState } from "../../limits/algorithms.js";
import type { BucketLimit } from "../../limits/limit.js";
import { NO_PENDING_CHARGES } from "../../limits/pending-charges.js";
import type { Outcome } from "../store.js";

/**
 * A bucket as it was when it refused hits, made again from what the store told of it: a token bucket or a fixed window,
 * not in debt. Pending charges are left out, since what only takes does not meet them (D5).
 * @param limit by which it was asked
 * @param hits that it refused
 * @param nowMicros the store's clock when it refused
 */
export function stateAfterRefusal(limit: BucketLimit, hits: number, outcome: Outcome, nowMicros: number): BucketState {
  const { algorithm, tokensPerPeriod, periodMicros, burst } = limit;
  const { tokens } = outcome;
  const pending = NO_PENDING_CHARGES;
  if (algorithm === "fixed_window") return { window: Math.floor(nowMicros / periodMicros), tokens, burst, pending };
  const remainder = Math.max(
    leastRemainder(hits - tokens, outcome.untilFitsMicros, limit),
    leastRemainder(burst - tokens, outcome.untilFullMicros, limit),
  );
  return { atMicros: nowMicros, tokens, remainder, tokensPerPeriod, burst, pending };
}

/** Whether what the store told is enough for that: moments more than 285 years ahead are not told exactly. */
export function tellsState({ algorithm, tokensPerPeriod }: BucketLimit, outcome: Outcome): boolean {
  if (algorithm === "sliding_window") return false;
  if (algorithm === "fixed_window" || tokensPerPeriod === 0) return true;
  return Number.isSafeInteger(outcome.untilFitsMicros) || Number.isSafeInteger(outcome.untilFullMicros);
}

/**
 * The least fraction of a token, in token-microseconds a period, with which `missing` tokens come in so many
 * microseconds: the time is the smallest e with `remainder + e * rate >= missing * period`. The true one may be more by
 * less than the rate, which moves what it promises by a microsecond at most.
 */
function leastRemainder(missing: number, untilMicros: number, { tokensPerPeriod, periodMicros }: BucketLimit): number {
  if (missing <= 0 || !Number.isSafeInteger(untilMicros)) return 0;
  const wanted = missing * periodMicros;
  const brought = untilMicros * tokensPerPeriod;
  const isExact = Math.max(wanted, brought) <= Number.MAX_SAFE_INTEGER;
  const least = isExact
    ? wanted - brought
    : Number(BigInt(missing) * BigInt(periodMicros) - BigInt(untilMicros) * BigInt(tokensPerPeriod));
  return Math.min(Math.max(0, least), periodMicros - 1);
}
