import type { BucketLimit } from "./limit.js";
import type { PendingCharges } from "./pending-charges.js";

/** What the states of all algorithms have. All numbers are whole. */
export interface Balance {
  /** Tokens left when the bucket was last written; below 0 it is in debt. */
  readonly tokens: number;
  readonly pending: PendingCharges;
}

/**
 * What an algorithm does with a bucket. States are immutable; times are the store's clock in microseconds since the
 * epoch. A bucket without a state is full.
 */
export interface Arithmetic<State extends Balance> {
  /**
   * Brings a bucket to `nowMicros`: adds what time has brought, clamps to the burst in force, and forgets pending
   * charges that lapsed. A larger burst adds nothing, nor does a clock that stepped back (D11).
   */
  refill(stored: State | undefined, limit: BucketLimit, nowMicros: number): State;

  /**
   * Gives hits back, never above the burst (D8). The same state where there is nothing to give back.
   * @param state as `refill` left it
   */
  refund(state: State, hits: number, limit: BucketLimit): State;

  /**
   * Takes tokens at `nowMicros`, and sets what is pending.
   * @param state as `refill` or `refund` left it
   * @param tokens what is left, at most what the state holds
   */
  charge(state: State, tokens: number, pending: PendingCharges, limit: BucketLimit, nowMicros: number): State;

  /**
   * Microseconds until the bucket holds `wanted` tokens, exactly. Infinity when it never will.
   * @param state as `refill` or `refund` left it
   * @param tokens what charges have left of the state's tokens
   */
  microsUntil(wanted: number, tokens: number, state: State, limit: BucketLimit, nowMicros: number): number;

  /**
   * Microseconds from `nowMicros` for which the state must be kept: until it says no more than none would, which is full,
   * whatever limit is asked for. A bucket that is full by the limit in force may not yet be so by a larger one, that of
   * an override or of rules a moment ago, and would be filled by it if it were forgotten (D11). Infinity: for ever.
   * @param state as `charge` left it at `nowMicros`
   */
  keptMicros(state: State, limit: BucketLimit, nowMicros: number): number;

  /**
   * Whether the stored state, though nothing was charged, would later add tokens that it must not add (D11), so that
   * what `refill` made of it must be written.
   */
  isOutdated(stored: State, refilled: State, limit: BucketLimit): boolean;
}
