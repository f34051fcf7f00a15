import { SECONDS_PER_UNIT, type Unit } from "../../rules/unit.js";

/** From the shortest to the longest. */
export const UNITS = Object.keys(SECONDS_PER_UNIT) as [Unit, ...Unit[]];
