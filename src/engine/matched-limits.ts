import type { Algorithm } from "../limits/limit.js";
import type { DomainRules, RateLimit, Rule, RuleLimit } from "../rules/rule.js";
import type { MetricLabels } from "./metric-labels.js";
import { namelessLimit } from "./nameless-limit.js";
import type { OverrideIndex } from "./override-index.js";
import type { Descriptor, Override } from "./request.js";

/** The label of limits that come with the request, in metrics and logs. */
const OVERRIDE_LABEL = "(override)";

/** That of limits which an operator gave a descriptor. */
const ADMIN_OVERRIDE_LABEL = "(admin override)";

/** What a descriptor met. */
export interface MatchedLimits {
  /** Absent where an override took the rule's place, which takes its flags and metadata too (D9). */
  readonly rule?: Rule;
  /** The rule in metrics. */
  readonly label: string;
  /** In file order; empty for a rule that lets its descriptors through. */
  readonly limits: readonly RuleLimit[];
}

/**
 * The limits that a descriptor meets: those that an operator gave it, else the override it carries (D9), else those of its
 * rule; undefined when there are none (D10).
 * @param overrides what operators gave
 */
export function matchLimits(
  domain: DomainRules,
  descriptor: Descriptor,
  defaultAlgorithm: Algorithm,
  labels: MetricLabels,
  overrides?: OverrideIndex,
): MatchedLimits | undefined {
  if (descriptor.entries.length === 0) return undefined;
  const rule = domain.match(descriptor.entries);
  const replacing = overrides?.find(domain.domain, descriptor.entries);
  if (replacing !== undefined) {
    return { label: ADMIN_OVERRIDE_LABEL, limits: replacing.by(algorithmOf(rule) ?? defaultAlgorithm) };
  }
  if (descriptor.limit !== undefined) {
    // Counting as the rule does, the override shares its bucket, so that it adds no tokens (D11).
    const limit = overrideLimit(descriptor.limit, algorithmOf(rule) ?? defaultAlgorithm);
    if (limit !== undefined) return { label: OVERRIDE_LABEL, limits: [limit] };
  }
  return rule === undefined
    ? undefined
    : { rule, label: labels.labelOf(rule, descriptor.entries), limits: rule.limits };
}

/** Whether an override says enough to be one: a known unit, and a multiplier that is absent or above 0 (D9). */
export function isUsableOverride(override: Override): boolean {
  return override.unit !== undefined && override.unitMultiplier !== 0;
}

function algorithmOf(rule: Rule | undefined): Algorithm | undefined {
  const limit = rule?.limits[0];
  return limit === undefined || limit.unlimited ? undefined : limit.bucket.algorithm;
}

/** The one limit of an override: burst = its rate (D9). */
function overrideLimit(override: Override, algorithm: Algorithm): RateLimit | undefined {
  const { requestsPerUnit, unit, unitMultiplier = 1 } = override;
  if (unit === undefined || unitMultiplier === 0) return undefined;
  return namelessLimit({ requestsPerUnit, unit, unitMultiplier }, algorithm, requestsPerUnit);
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
