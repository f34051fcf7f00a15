import type { Algorithm, BucketLimit } from "../../../src/limits/limit.js";
import { fixedWindowLevel } from "./fixed-window-level.js";
import type { Level } from "./level.js";
import { slidingWindowLevel } from "./sliding-window-level.js";
import { tokenBucketLevel } from "./token-bucket-level.js";

const FULL: Readonly<Record<Algorithm, (limit: BucketLimit) => Level>> = {
  token_bucket: tokenBucketLevel,
  fixed_window: fixedWindowLevel,
  sliding_window: slidingWindowLevel,
};

/** A full bucket of the limit's algorithm. */
export function fullLevel(limit: BucketLimit): Level {
  return FULL[limit.algorithm](limit);
}
