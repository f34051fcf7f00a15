import { labelOf } from "../rules/label.js";
import type { Entry, Rule, RuleStep } from "../rules/rule.js";

/** How many labels may hold values that clients send. Each is a time series for each outcome in Prometheus. */
const MAX_LABELS_WITH_VALUES = 500;

/**
 * The labels under which rules are counted: the rule's own, or with actual values where it says `detailed_metric` or
 * `value_to_metric`. What clients send must not fill memory and metrics: beyond the first so many, a rule's own label
 * counts all other values.
 */
export class MetricLabels {
  readonly #withValues = new Set<string>();
  readonly #most: number;

  constructor(most = MAX_LABELS_WITH_VALUES) {
    this.#most = most;
  }

  labelOf(rule: Rule, entries: readonly Entry[]): string {
    if (!rule.detailedMetric && !rule.path.some((step) => step.valueToMetric)) return rule.label;
    const label = labelOf(rule.path.map((step, index) => actualStep(rule, step, entries[index] as Entry)));
    const identity = `${rule.domain}\n${label}`;
    if (this.#withValues.has(identity)) return label;
    if (this.#withValues.size >= this.#most) return rule.label;
    this.#withValues.add(identity);
    return label;
  }
}

/** A shared threshold keeps its pattern, whose values are counted together (as in ER). */
function actualStep(rule: Rule, step: RuleStep, entry: Entry): Pick<RuleStep, "key" | "value"> {
  const actual = !step.shareThreshold && (rule.detailedMetric || step.valueToMetric);
  return actual ? entry : step;
}
