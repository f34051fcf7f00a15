import { isUsableOverride } from "../../engine/matched-limits.js";
import type { Descriptor } from "../../engine/request.js";
import type { DomainRules, Rule } from "../../rules/rule.js";

/** What a descriptor meets: a rule, or what stands in its place. */
export interface RuleMet {
  /** The rule's label; `(override)` where the descriptor brings its own limit (D9), `(none)` where nothing is met. */
  readonly label: string;
  readonly rule?: Rule;
}

/** The rule that a descriptor meets in a domain, which may be unknown. */
export function ruleMet(domain: DomainRules | undefined, descriptor: Descriptor): RuleMet {
  const { entries, limit } = descriptor;
  if (domain === undefined || entries.length === 0) return { label: "(none)" };
  if (limit !== undefined && isUsableOverride(limit)) return { label: "(override)" };
  const rule = domain.match(entries);
  return rule === undefined ? { label: "(none)" } : { label: rule.label, rule };
}
