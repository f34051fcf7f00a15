import { MAX_PERIOD_MICROS } from "../limits/limit.js";
import type { DomainRules, RateLimit, Rule, RuleLimit } from "../rules/rule.js";
import { SECONDS_PER_UNIT } from "../rules/unit.js";
import type { Descriptor, Override } from "./request.js";

/** The label of limits that come with the request, in metrics and logs. */
const OVERRIDE_LABEL = "(override)";

/** What a descriptor met. */
export interface MatchedLimits {
  /** Absent where an override took the rule's place, which takes its flags and metadata too (D9). */
  readonly rule?: Rule;
  /** The rule in metrics and logs. */
  readonly label: string;
  /** In file order; empty for a rule that lets its descriptors through. */
  readonly limits: readonly RuleLimit[];
}

/**
 * The limits that a descriptor meets: the override it carries (D9), else those of its rule; undefined when there are
 * none (D10).
 */
export function matchLimits(domain: DomainRules, descriptor: Descriptor): MatchedLimits | undefined {
  if (descriptor.entries.length === 0) return undefined;
  if (descriptor.limit !== undefined) {
    const limit = overrideLimit(descriptor.limit);
    if (limit !== undefined) return { label: OVERRIDE_LABEL, limits: [limit] };
  }
  const rule = domain.match(descriptor.entries);
  return rule === undefined ? undefined : { rule, label: rule.label, limits: rule.limits };
}

/** Whether an override says enough to be one: a known unit, and a multiplier that is absent or above 0 (D9). */
export function isUsableOverride(override: Override): boolean {
  return override.unit !== undefined && override.unitMultiplier !== 0;
}

/** The one limit of an override: burst = its rate. Periods beyond the longest one count as the longest (35 years). */
function overrideLimit(override: Override): RateLimit | undefined {
  const { requestsPerUnit, unit, unitMultiplier = 1 } = override;
  if (unit === undefined || unitMultiplier === 0) return undefined;
  return {
    unlimited: false,
    name: "",
    replaces: [],
    requestsPerUnit,
    unit,
    unitMultiplier,
    bucket: {
      tokensPerPeriod: requestsPerUnit,
      periodMicros: Math.min(SECONDS_PER_UNIT[unit] * unitMultiplier * 1_000_000, MAX_PERIOD_MICROS),
      burst: requestsPerUnit,
      maxDebt: requestsPerUnit,
    },
  };
}

/**
 * The names that limits of this request replace. They collect over all matched limits, unlimited, shadow and replaced
 * ones too, so two limits that name each other both drop.
 */
export function replacedNames(matched: readonly (MatchedLimits | undefined)[]): ReadonlySet<string> | undefined {
  let names: Set<string> | undefined;
  for (const descriptor of matched) {
    for (const limit of descriptor?.limits ?? []) {
      for (const name of limit.replaces) {
        names ??= new Set();
        names.add(name);
      }
    }
  }
  return names;
}

/** Whether a limit drops because another one replaces it; unlimited cannot be replaced. */
export function isReplaced(limit: RuleLimit, replaced: ReadonlySet<string> | undefined): boolean {
  return replaced !== undefined && !limit.unlimited && limit.name !== "" && replaced.has(limit.name);
}
