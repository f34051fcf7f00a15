/**
 * Whole microseconds since the epoch, which never step back: set from the wall clock when the process started, and
 * steady from then on. Buckets in memory live no longer than the process, so that they need no other clock.
 */
export function wallClockMicros(): number {
  return Math.floor((performance.timeOrigin + performance.now()) * 1_000);
}
