/** The longest period of a limit: 2^50 microseconds, 35 years. Up to here all arithmetic is exact. */
export const MAX_PERIOD_MICROS = 2 ** 50;

/** The most tokens that a bucket may hold or owe, so that sums of a few of them stay exact. */
export const MAX_TOKENS = 10 ** 15;

/** The most tokens that a period may bring, Envoy's uint32 `requests_per_unit`. */
export const MAX_TOKENS_PER_PERIOD = 2 ** 32 - 1;

/** The most hits that one charge may have (D1). */
export const MAX_HITS = Number.MAX_SAFE_INTEGER;

/** One rate, as the arithmetic needs it. All fields are whole numbers. */
export interface TokenBucketLimit {
  /** Tokens that a period brings, spread evenly: 0 to MAX_TOKENS_PER_PERIOD. 0 never refills. */
  readonly tokensPerPeriod: number;
  /** 1 to MAX_PERIOD_MICROS. */
  readonly periodMicros: number;
  /** Tokens of a full bucket, 0 to MAX_TOKENS. 0 refuses every hit. */
  readonly burst: number;
  /** How far below 0 a reported cost may take the bucket (D5), 0 to MAX_TOKENS. */
  readonly maxDebt: number;
}
