import type { TextKind } from "./text-kinds.js";
import type { RatelimitVariable } from "./variable.js";

type More = Pick<RatelimitVariable, "isCommon" | "mayBeEmpty" | "isSecret">;
type Row = (name: string, kind: TextKind, standard: string, why: string, more?: More) => RatelimitVariable;

function rowOf(fate: RatelimitVariable["fate"]): Row {
  return (name, kind, standard, why, more = {}) => ({ name, kind, default: standard, fate, why, ...more });
}

/** Rows of the table, by fate: name, kind, ER's default, why. */
export const makesSettings = rowOf("settings");
export const isSame = rowOf("same");
export const isWarned = rowOf("warned");
export const isRefused = rowOf("refused");
export const goesWith = rowOf("with");
