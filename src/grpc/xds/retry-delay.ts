const FIRST_RETRY_MILLIS = 1_000;
const LONGEST_RETRY_MILLIS = 30_000;

/**
 * The time before the `attempt`th (from 1) attempt to reach the control plane again: anything up to a bound that doubles
 * from 1 s to 30 s, so that replicas which lost it together do not come back together.
 */
export function retryDelayMillis(attempt: number, random: () => number = Math.random): number {
  // Beyond 5 doublings it is the longest, and 2 ** attempt would grow for ever.
  const bound = Math.min(LONGEST_RETRY_MILLIS, FIRST_RETRY_MILLIS * 2 ** Math.min(attempt - 1, 5));
  return Math.round(bound * random());
}
