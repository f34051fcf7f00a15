/** The longest period of a limit: 2^50 microseconds, 35 years. Up to here all arithmetic is exact. */
export const MAX_PERIOD_MICROS = 2 ** 50;

/** The most tokens that a bucket may hold or owe, so that sums of a few of them stay exact. */
export const MAX_TOKENS = 10 ** 15;

/** The most tokens that a period may bring, Envoy's uint32 `requests_per_unit`. */
export const MAX_TOKENS_PER_PERIOD = 2 ** 32 - 1;

/** The most hits that one charge may have (D1). */
export const MAX_HITS = Number.MAX_SAFE_INTEGER;

/** How a bucket counts. */
export type Algorithm = "token_bucket" | "fixed_window" | "sliding_window";

/** One rate, as the arithmetic needs it. All numbers are whole. */
export interface BucketLimit {
  readonly algorithm: Algorithm;
  /**
   * Tokens that a period brings to a token bucket, spread evenly: 0 to MAX_TOKENS_PER_PERIOD. 0 never refills. Windows
   * do not look at it: they have their burst.
   */
  readonly tokensPerPeriod: number;
  /** 1 to MAX_PERIOD_MICROS; for a sliding window at least 60, so that its slots are a microsecond or longer. */
  readonly periodMicros: number;
  /** Tokens of a full bucket, and so the most hits of a window: 0 to MAX_TOKENS. 0 refuses every hit. */
  readonly burst: number;
  /** How far below 0 a reported cost may take the bucket (D5), 0 to MAX_TOKENS. */
  readonly maxDebt: number;
}
