import type { Arithmetic } from "./arithmetic.js";
import { type FixedWindowState, fixedWindow } from "./fixed-window.js";
import type { Algorithm } from "./limit.js";
import { type SlidingWindowState, slidingWindow } from "./sliding-window.js";
import { type TokenBucketState, tokenBucket } from "./token-bucket.js";

/** A bucket as it was when it was last written. */
export type BucketState = TokenBucketState | FixedWindowState | SlidingWindowState;

// A bucket's identity names its algorithm (D12), so that no algorithm ever meets a state of another.
const ARITHMETICS: Readonly<Record<Algorithm, Arithmetic<BucketState>>> = {
  token_bucket: tokenBucket,
  fixed_window: fixedWindow,
  sliding_window: slidingWindow,
};

/** The one place that tells algorithms apart. */
export function arithmeticOf(algorithm: Algorithm): Arithmetic<BucketState> {
  return ARITHMETICS[algorithm];
}
