import type { Arithmetic } from "./arithmetic.js";
import { multiplyDivide } from "./exact.js";
import type { BucketLimit } from "./limit.js";
import { dropLapsed, NO_PENDING_CHARGES, type PendingCharges } from "./pending-charges.js";

/**
 * A token bucket as it was when it was last written. All numbers are whole; the bucket holds
 * `tokens + remainder / periodMicros` tokens at `atMicros`. A bucket without a state is full (D3).
 */
export interface TokenBucketState {
  /** The store's clock, microseconds since the epoch. */
  readonly atMicros: number;
  /** Whole tokens; below 0 the bucket is in debt. */
  readonly tokens: number;
  /** The fraction of the next token, in token-microseconds a period: 0 <= remainder < periodMicros. */
  readonly remainder: number;
  /** The rate that was in force, by which the time since `atMicros` counts (D11: a new rate adds nothing). */
  readonly tokensPerPeriod: number;
  /** The largest burst that was in force since the bucket was last full by it. */
  readonly burst: number;
  readonly pending: PendingCharges;
}

/** Fills evenly up to the burst, exactly at any rate (D3). */
export const tokenBucket: Arithmetic<TokenBucketState> = {
  refill,
  refund,
  charge,
  microsUntil,
  keptMicros,
  isOutdated,
};

/**
 * Adds what time has brought at the rate that was in force. Exact: with e the elapsed time and P the period,
 * `tokens + floor((remainder + e * rate) / P)`, whole periods counted apart. After a step back of the clock no time
 * has passed (D11).
 */
function refill(state: TokenBucketState | undefined, limit: BucketLimit, nowMicros: number): TokenBucketState {
  const { burst, periodMicros, tokensPerPeriod } = limit;
  if (state === undefined) {
    return { atMicros: nowMicros, tokens: burst, remainder: 0, tokensPerPeriod, burst, pending: NO_PENDING_CHARGES };
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
    // A ban would never refill, so that its buckets would have to be kept for ever: the time goes on as before it.
    tokensPerPeriod: burst === 0 ? rate : tokensPerPeriod,
    burst: tokens >= state.burst ? burst : Math.max(burst, state.burst),
    pending: dropLapsed(state.pending, nowMicros),
  };
}

function refund(state: TokenBucketState, hits: number, { burst }: BucketLimit): TokenBucketState {
  const tokens = Math.min(burst, state.tokens + hits);
  if (tokens === state.tokens) return state;
  return { ...state, tokens, remainder: tokens === burst ? 0 : state.remainder };
}

function charge(state: TokenBucketState, tokens: number, pending: PendingCharges): TokenBucketState {
  const { atMicros, remainder, tokensPerPeriod, burst } = state;
  return { atMicros, tokens, remainder, tokensPerPeriod, burst, pending };
}

function microsUntil(wanted: number, tokens: number, { remainder }: TokenBucketState, limit: BucketLimit): number {
  if (wanted <= tokens) return 0;
  if (wanted > limit.burst) return Number.POSITIVE_INFINITY;
  return microsToMint(wanted - tokens, remainder, limit.tokensPerPeriod, limit.periodMicros);
}

function keptMicros(state: TokenBucketState, { periodMicros }: BucketLimit): number {
  if (state.tokens >= state.burst) return 0;
  return microsToMint(state.burst - state.tokens, state.remainder, state.tokensPerPeriod, periodMicros);
}

/** The smallest e with `remainder + e * rate >= tokens * P`. */
function microsToMint(tokens: number, remainder: number, rate: number, periodMicros: number): number {
  if (rate === 0) return Number.POSITIVE_INFINITY;
  const periods = Math.floor(tokens / rate);
  const part = multiplyDivide(tokens - periods * rate, periodMicros, 0, rate);
  return periods * periodMicros + part.quotient + Math.ceil((part.remainder - remainder) / rate);
}

/**
 * A clock that stepped back would stand still until the old time comes again, a new rate would count for the time
 * before it, and a burst that cut the tokens, or that they reached, would be forgotten when a larger one comes, as
 * would that larger one.
 */
function isOutdated(stored: TokenBucketState, refilled: TokenBucketState, limit: BucketLimit): boolean {
  return (
    refilled.atMicros < stored.atMicros ||
    refilled.tokensPerPeriod !== stored.tokensPerPeriod ||
    refilled.burst !== stored.burst ||
    refilled.tokens === limit.burst
  );
}
