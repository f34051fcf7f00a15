import { type Fault, formatFault, isError } from "./faults.js";

/** Faults as text, as many of them as were asked for. */
export interface FaultTexts {
  /** Each as `formatFault` has it, in the order of files and lines. */
  readonly texts: readonly string[];
  /** How many there are besides. */
  readonly more: number;
}

export const NO_FAULTS: FaultTexts = { texts: [], more: 0 };

/** @param most how many to put into words: errors before warnings where there are more */
export function describeFaults(faults: readonly Fault[], most: number): FaultTexts {
  const errorsFirst = () => [...faults.filter(isError), ...faults.filter((fault) => !isError(fault))];
  const told = faults.length <= most ? faults : errorsFirst().slice(0, most);
  return { texts: told.map(formatFault), more: faults.length - told.length };
}
