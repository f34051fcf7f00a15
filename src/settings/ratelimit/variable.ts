import type { SettingKey } from "../table.js";
import type { GoKind } from "./go-kinds.js";

/** One name of envoyproxy/ratelimit's environment ("ER" in this folder), and what becomes of it. */
export type RatelimitVariable = VariableBasics & VariableFate;

interface VariableBasics {
  readonly name: string;
  readonly kind: GoKind;
  /** What ER takes where it is not given. */
  readonly default: string;
  /** Shells, platforms and other programs use this name too: it counts only beside one that is ER's own. */
  readonly isCommon?: true;
  /** An empty text is a value, not the lack of one. */
  readonly mayBeEmpty?: true;
  readonly isSecret?: true;
}

/**
 * - `settings`: it makes settings, as a mapping says.
 * - `same`: whatever it says, Weir does what ER does then.
 * - `warned`: any value but the default changes nothing here, which is told; `why` goes on from the name.
 * - `refused`: the same, and Weir does not start.
 * - `with`: it means nothing by itself; the other name tells what becomes of both.
 */
type VariableFate =
  | { readonly fate: "settings" | "same" }
  | { readonly fate: "warned" | "refused"; readonly why: string }
  | { readonly fate: "with"; readonly other: string };

/** ER's variables as mappings see them. */
export interface RatelimitValues {
  /** As given, else ER's default. */
  text(name: string): string;
  /** Of a yes or no. */
  isTrue(name: string): boolean;
  isGiven(name: string): boolean;
  /** Whether there is a file or a folder at this path. */
  isThere(path: string): boolean;
  /** What a WEIR_ variable or a flag says, which goes before all that is here. */
  set(setting: SettingKey): string | undefined;
  /** Tells something about what was taken. */
  warn(words: string): void;
}

/** How a setting is made of ER's variables. */
export interface RatelimitMapping {
  readonly setting: SettingKey;
  /** It is made where one of these is given; messages go by the first that is. */
  readonly from: readonly string[];
  /** It is made also where none of them is given: ER has a default that is not Weir's. */
  readonly isAlways?: true;
  /** Nor is it made where one of these settings says already what these names are about. */
  readonly unlessSet?: readonly SettingKey[];
  /**
   * The text of the setting; undefined: none.
   * @throws RatelimitVariableError where there can be none
   */
  readonly make: (values: RatelimitValues) => string | undefined;
}

/** Variables that are right each by itself make no sense together. The words begin with the name of one of them. */
export class RatelimitVariableError extends Error {
  override readonly name = "RatelimitVariableError";
}

/** The names and the mappings of one part of the settings. */
export interface RatelimitPart {
  readonly variables: readonly RatelimitVariable[];
  readonly mappings: readonly RatelimitMapping[];
}
