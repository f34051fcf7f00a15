const FIRST_RETRY_MILLIS = 50;
const LONGEST_RETRY_MILLIS = 1_000;

/**
 * The time before the `attempt`th (from 1) attempt to connect again: twice as long each time, up to a second, and
 * between a half and the whole of that, so that replicas do not come all at once.
 */
export function retryDelayMillis(attempt: number, random: () => number = Math.random): number {
  const longest = Math.min(LONGEST_RETRY_MILLIS, FIRST_RETRY_MILLIS * 2 ** (attempt - 1));
  return Math.round(longest * (0.5 + random() / 2));
}
