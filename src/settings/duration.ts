const MILLIS_PER_UNIT = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const;

const DURATION = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/;

/**
 * Milliseconds of a duration such as `10ms`, `1.5s`, `5m` or `2h`, rounded to whole microseconds. Undefined for
 * anything else; a number without its unit is no duration, since what it counts would be a guess.
 */
export function parseDuration(text: string): number | undefined {
  const [, amount, unit] = DURATION.exec(text) ?? [];
  if (amount === undefined || unit === undefined) return undefined;
  const millis = Number(amount) * MILLIS_PER_UNIT[unit as keyof typeof MILLIS_PER_UNIT];
  return Math.round(millis * 1_000) / 1_000;
}
