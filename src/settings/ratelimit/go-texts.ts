const NANOS_PER_UNIT = { ns: 1, us: 1e3, µs: 1e3, μs: 1e3, ms: 1e6, s: 1e9, m: 6e10, h: 3.6e12 } as const;

const AMOUNT = String.raw`(?:\d+\.?\d*|\.\d+)`;
const UNIT = "ns|us|µs|μs|ms|s|m|h";
const DURATION = new RegExp(`^\\+?(?:${AMOUNT}(?:${UNIT}))+$`);
const PART = new RegExp(`(${AMOUNT})(${UNIT})`, "g");

/** Milliseconds of a duration as Go writes them: `150us`, `1h30m`, `0`. Undefined for anything else. */
export function readGoDuration(text: string): number | undefined {
  if (text === "0") return 0;
  if (!DURATION.test(text)) return undefined;
  let nanos = 0;
  for (const [, amount, unit] of text.matchAll(PART)) {
    nanos += Number(amount) * NANOS_PER_UNIT[unit as keyof typeof NANOS_PER_UNIT];
  }
  return nanos / 1e6;
}

const TRUE: ReadonlySet<string> = new Set(["1", "t", "T", "TRUE", "true", "True"]);
const FALSE: ReadonlySet<string> = new Set(["0", "f", "F", "FALSE", "false", "False"]);

/** A yes or no as Go reads it. Undefined for anything else. */
export function readGoBoolean(text: string): boolean | undefined {
  if (TRUE.has(text)) return true;
  return FALSE.has(text) ? false : undefined;
}

const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i;

/** A number as Go reads it: `0.8`, `.8`, `8e-1`. Undefined for anything else, and for its hexadecimal forms. */
export function readGoNumber(text: string): number | undefined {
  return NUMBER.test(text) ? Number(text) : undefined;
}
