import type { Unit } from "../../rules/unit.js";

/** envoy.type.v3.RateLimitUnit, and RateLimitResponse.RateLimit.Unit which is the same: the names by their numbers. */
export const UNIT_NAMES_BY_NUMBER: readonly string[] = [
  "UNKNOWN",
  "SECOND",
  "MINUTE",
  "HOUR",
  "DAY",
  "MONTH",
  "YEAR",
  "WEEK",
];

const UNITS: ReadonlyMap<string, Unit> = new Map([
  ["SECOND", "second"],
  ["MINUTE", "minute"],
  ["HOUR", "hour"],
  ["DAY", "day"],
  ["WEEK", "week"],
  ["MONTH", "month"],
  ["YEAR", "year"],
]);

/** The unit of that name; undefined for UNKNOWN and for what this version does not know. */
export function unitFromName(name: string | undefined): Unit | undefined {
  return name === undefined ? undefined : UNITS.get(name);
}

/** The unit of that number; undefined for UNKNOWN and for what this version does not know. */
export function unitFromNumber(number: number): Unit | undefined {
  return unitFromName(UNIT_NAMES_BY_NUMBER[number]);
}

/** The name of that unit in the protocol. */
export function unitName(unit: Unit): string {
  return unit.toUpperCase();
}

/** The number of that unit in the protocol. */
export function unitNumber(unit: Unit): number {
  return UNIT_NAMES_BY_NUMBER.indexOf(unitName(unit));
}
