const HOUR = 3_600_000_000;
const MINUTE = 60_000_000;
const SECOND = 1_000_000;
const MILLISECOND = 1_000;

/** A duration as durations are written: `6h`, `90m`, `1.5s`, `20ms`, `0s`; below a millisecond `12us`. */
export function describeDuration(micros: number): string {
  if (micros === 0) return "0s";
  if (micros % HOUR === 0) return `${micros / HOUR}h`;
  if (micros % MINUTE === 0) return `${micros / MINUTE}m`;
  if (micros >= SECOND) return `${rounded(micros / SECOND, 6)}s`;
  return micros >= MILLISECOND ? `${rounded(micros / MILLISECOND, 3)}ms` : `${rounded(micros, 3)}us`;
}

/** More digits than that are noise of a division. */
function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
