import { anyText, type GoKind } from "./go-kinds.js";
import type { RatelimitVariable } from "./variable.js";

type More = Pick<RatelimitVariable, "isCommon" | "mayBeEmpty" | "isSecret">;

/** A row of the table that makes settings, as a mapping says. @param standard ER's default */
export function makesSettings(name: string, kind: GoKind, standard: string, more: More = {}): RatelimitVariable {
  return { name, kind, default: standard, fate: "settings", ...more };
}

export function isSame(name: string, kind: GoKind, standard: string): RatelimitVariable {
  return { name, kind, default: standard, fate: "same" };
}

/** @param why goes on from the name */
export function isWarned(
  name: string,
  kind: GoKind,
  standard: string,
  why: string,
  more: More = {},
): RatelimitVariable {
  return { name, kind, default: standard, fate: "warned", why, ...more };
}

/** @param why goes on from the name */
export function isRefused(name: string, kind: GoKind, standard: string, why: string): RatelimitVariable {
  return { name, kind, default: standard, fate: "refused", why };
}

/** @param other the name that tells what becomes of this one, whatever this one says */
export function goesWith(name: string, other: string, more: More = {}): RatelimitVariable {
  return { name, kind: anyText, default: "", fate: "with", other, ...more };
}
