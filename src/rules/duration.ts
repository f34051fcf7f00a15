import { MAX_PERIOD_MICROS } from "../limits/limit.js";

const MICROS_PER_UNIT = { us: 1n, ms: 1_000n, s: 1_000_000n, m: 60_000_000n, h: 3_600_000_000n, d: 86_400_000_000n };

const DURATION = /^([0-9]{1,20})(?:\.([0-9]{1,20}))?(us|ms|s|m|h|d)$/;

/** A duration of rules files, for editors. */
export const DURATION_PATTERN = "^[0-9]+(\\.[0-9]+)?(us|ms|s|m|h|d)$";

/**
 * Whole microseconds, 1 to MAX_PERIOD_MICROS, of a duration such as `100ms`, `1.5s`, `5m`, `24h` or `7d`. Undefined for
 * anything else, and for what is no whole number of microseconds.
 */
export function readDuration(text: string): number | undefined {
  const [, whole, fraction = "", unit] = DURATION.exec(text) ?? [];
  if (whole === undefined || unit === undefined) return undefined;
  const scaled = BigInt(whole + fraction) * MICROS_PER_UNIT[unit as keyof typeof MICROS_PER_UNIT];
  const divisor = 10n ** BigInt(fraction.length);
  if (scaled % divisor !== 0n) return undefined;
  const micros = scaled / divisor;
  return micros >= 1n && micros <= BigInt(MAX_PERIOD_MICROS) ? Number(micros) : undefined;
}
