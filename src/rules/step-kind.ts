import type { RuleStep } from "./rule.js";
import { hasWildcard, isKeyWildcard } from "./wildcard.js";

/** What tells one step from another at the same place. */
export type StepPattern = Pick<RuleStep, "key" | "value" | "cidr" | "regex">;

/** What a step takes; this is the order in which the kinds are tried, both kinds of wildcard together. */
export type StepKind = "exact" | "wildcard" | "key_wildcard" | "cidr" | "regex" | "any";

/** The kind of a step. */
export function kindOfStep({ key, value, cidr, regex }: StepPattern): StepKind {
  if (cidr !== undefined) return "cidr";
  if (regex !== undefined) return "regex";
  if (isKeyWildcard(key, value)) return "key_wildcard";
  if (value === undefined) return "any";
  return hasWildcard(value) ? "wildcard" : "exact";
}
