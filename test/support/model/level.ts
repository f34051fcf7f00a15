import type { BucketLimit } from "../../../src/limits/limit.js";

/** What of a limit may change while a bucket lives. */
export type LimitInForce = Pick<BucketLimit, "burst" | "tokensPerPeriod">;

/** How full a bucket is, in exact arithmetic: what a model of an algorithm has to say. Never changes. */
export interface Level {
  /** Whole tokens; below 0 in debt. */
  readonly tokens: bigint;
  /** The level when the clock comes to, or steps back to, `now`, under a limit that may be another than before. */
  at(now: bigint, limit: LimitInForce): Level;
  /** The level at `now` by time alone, under the limits that it knows. */
  aged(now: bigint): Level;
  /** Whether it forgets time that it is full: then a look at a full one is to be remembered, since from there it counts. */
  readonly forgetsWhenFull: boolean;
  /** With so many tokens more, at most to the burst. `at` was asked before, here and below. */
  give(hits: bigint): Level;
  /** With so many tokens less. */
  take(hits: bigint): Level;
  /** Microseconds until it has so many tokens; undefined: never. */
  until(wanted: bigint, limit: LimitInForce): bigint | undefined;
  /** Full, by whatever limit it is asked for: as good as no bucket. */
  readonly isForgettable: boolean;
  /** Whether no look at any time could tell them apart. */
  equals(other: Level): boolean;
}

export function max(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}

export function min(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}
