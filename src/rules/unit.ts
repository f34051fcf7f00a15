/** The units of a limit and their seconds, as envoyproxy/ratelimit has them: a month is 30 days, a year 365. */
export const SECONDS_PER_UNIT = {
  second: 1,
  minute: 60,
  hour: 3_600,
  day: 86_400,
  week: 604_800,
  month: 2_592_000,
  year: 31_536_000,
} as const;

export type Unit = keyof typeof SECONDS_PER_UNIT;
