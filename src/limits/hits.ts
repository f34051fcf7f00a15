import type { BucketLimit } from "./limit.js";

/** Whether `hits` fit into so many tokens (D2). */
export function fits(tokens: number, hits: number): boolean {
  return tokens - hits >= 0;
}

/** The tokens after a cost that was announced by a peek: taken in full, down to the debt allowed (D5). */
export function settle(tokens: number, hits: number, limit: BucketLimit): number {
  // A bucket that is deeper in debt already, since max_debt was larger, stays where it is.
  // And 0 - 0 is 0, where -0 would be another number to whoever prints or compares it.
  return Math.min(tokens, Math.max(0 - limit.maxDebt, tokens - hits));
}

/** Whether no time will ever let `hits` through (D14): a mistake in the rules, but for a ban (burst 0). */
export function neverFits(hits: number, limit: BucketLimit): boolean {
  return hits > limit.burst && limit.burst > 0;
}
