import { multiplyDivide } from "./exact.js";
import type { TokenBucketLimit } from "./limit.js";
import { dropLapsed, NO_PENDING_CHARGES, type PendingCharges } from "./pending-charges.js";

/**
 * A token bucket as it was when it was last written. All numbers are whole; the bucket holds
 * `tokens + remainder / periodMicros` tokens at `atMicros`. A bucket without a state is full (D3).
 */
export interface BucketState {
  /** The store's clock, microseconds since the epoch. */
  readonly atMicros: number;
  /** Whole tokens; below 0 the bucket is in debt. */
  readonly tokens: number;
  /** The fraction of the next token, in token-microseconds a period: 0 <= remainder < periodMicros. */
  readonly remainder: number;
  /** The rate that was in force, by which the time since `atMicros` counts (D11: a new rate adds nothing). */
  readonly tokensPerPeriod: number;
  readonly pending: PendingCharges;
}

/**
 * Brings a bucket to `nowMicros`: adds what time has brought at the rate that was in force, clamps to the burst in
 * force, and forgets pending charges that lapsed. Exact: with e the elapsed time and P the period,
 * `tokens + floor((remainder + e * rate) / P)`, whole periods counted apart. After a step back of the clock no time
 * has passed (D11).
 */
export function refill(state: BucketState | undefined, limit: TokenBucketLimit, nowMicros: number): BucketState {
  const { burst, periodMicros, tokensPerPeriod } = limit;
  if (state === undefined) {
    return { atMicros: nowMicros, tokens: burst, remainder: 0, tokensPerPeriod, pending: NO_PENDING_CHARGES };
  }
  const elapsed = Math.max(0, nowMicros - state.atMicros);
  const periods = Math.floor(elapsed / periodMicros);
  const rate = state.tokensPerPeriod;
  const part = multiplyDivide(elapsed - periods * periodMicros, rate, state.remainder, periodMicros);
  // Beyond 2^53 this sum is not exact, but then it is far above any burst.
  const tokens = state.tokens + periods * rate + part.quotient;
  const full = tokens >= burst;
  return {
    atMicros: nowMicros,
    tokens: full ? burst : tokens,
    remainder: full ? 0 : part.remainder,
    tokensPerPeriod,
    pending: dropLapsed(state.pending, nowMicros),
  };
}

/** Whether `hits` fit into so many tokens (D2). */
export function fits(tokens: number, hits: number): boolean {
  return tokens - hits >= 0;
}

/** The tokens after a refund of `hits`: never above the burst (D8). */
export function refund(tokens: number, hits: number, limit: TokenBucketLimit): number {
  return Math.min(limit.burst, tokens + hits);
}

/** The tokens after a cost that was announced by a peek: taken in full, down to the debt allowed (D5). */
export function settle(tokens: number, hits: number, limit: TokenBucketLimit): number {
  // A bucket that is deeper in debt already, since max_debt was larger, stays where it is.
  // And 0 - 0 is 0, where -0 would be another number to whoever prints or compares it.
  return Math.min(tokens, Math.max(0 - limit.maxDebt, tokens - hits));
}

/** Whether no refill will ever let `hits` through (D14): a mistake in the rules, but for a ban (burst 0). */
export function neverFits(hits: number, limit: TokenBucketLimit): boolean {
  return hits > limit.burst && limit.burst > 0;
}

/**
 * Microseconds until the bucket holds `wanted` tokens: the smallest e with
 * `remainder + e * rate >= (wanted - tokens) * P`. Infinity when it never will.
 */
export function microsUntil(wanted: number, tokens: number, remainder: number, limit: TokenBucketLimit): number {
  const missing = wanted - tokens;
  if (missing <= 0) return 0;
  const { burst, periodMicros, tokensPerPeriod } = limit;
  if (wanted > burst || tokensPerPeriod === 0) return Number.POSITIVE_INFINITY;
  const periods = Math.floor(missing / tokensPerPeriod);
  const part = multiplyDivide(missing - periods * tokensPerPeriod, periodMicros, 0, tokensPerPeriod);
  return periods * periodMicros + part.quotient + Math.ceil((part.remainder - remainder) / tokensPerPeriod);
}
