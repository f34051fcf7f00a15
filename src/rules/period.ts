import { MAX_PERIOD_MICROS } from "../limits/limit.js";
import { joinWords } from "./join-words.js";
import { nearest } from "./nearest.js";
import { quote } from "./quote.js";
import { SECONDS_PER_UNIT, type Unit } from "./unit.js";

const UNITS = Object.keys(SECONDS_PER_UNIT) as Unit[];

/** `second, minute, ... or year`. */
export const UNIT_CHOICE = joinWords(UNITS, "or");

/** A unit as JSON Schema: editors offer lower case, and take any. */
export const UNIT_FOR_EDITORS = [{ enum: UNITS }, { pattern: `^(${UNITS.map(inAnyCase).join("|")})$` }];

function inAnyCase(unit: string): string {
  return unit.replace(/./g, (letter) => `[${letter}${letter.toUpperCase()}]`);
}

/** The unit that a rules file means, written in any case. */
export function unitOf(written: string): Unit | undefined {
  const lower = written.toLowerCase();
  return UNITS.find((unit) => unit === lower);
}

/** What is wrong with a unit. */
export function describeUnit(written: unknown): string {
  const near = nearest(String(written).toLowerCase(), UNITS);
  const hint = near === undefined ? "" : `; did you mean "${near}"?`;
  return `unit must be ${UNIT_CHOICE}, not ${quote(String(written))}${hint}`;
}

/** The most periods of a unit that the arithmetic takes. */
function mostPeriods(unit: Unit): number {
  return Math.floor(MAX_PERIOD_MICROS / (SECONDS_PER_UNIT[unit] * 1_000_000));
}

/** The period of a limit as written, of whatever types. */
export interface Period {
  readonly unit?: unknown;
  readonly unit_multiplier?: unknown;
}

function readPeriod(period: Period): { unit: Unit; multiplier: number } | undefined {
  const { unit, unit_multiplier: multiplier } = period;
  const known = typeof unit === "string" ? unitOf(unit) : undefined;
  return known !== undefined && typeof multiplier === "number" ? { unit: known, multiplier } : undefined;
}

/** Whether the period is short enough for the arithmetic; true where it is wrong otherwise. */
export function hasFittingPeriod(limit: Period): boolean {
  const period = readPeriod(limit);
  return period === undefined || period.multiplier <= mostPeriods(period.unit);
}

/** What is wrong with a period that is too long. */
export function describePeriod(limit: Period): string {
  const period = readPeriod(limit);
  if (period === undefined) return "";
  const { unit, multiplier } = period;
  return `unit_multiplier makes a period of ${multiplier} ${unit}s; it can be at most ${mostPeriods(unit)} ${unit}s`;
}
