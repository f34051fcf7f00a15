import { Buffer } from "node:buffer";
import { labelOf } from "../rules/label.js";
import type { Entry, Rule, RuleStep } from "../rules/rule.js";
import { type DigestOf, digestLongValue } from "../stores/value-digest.js";

/** How many labels may hold values that clients send. Each is several time series in Prometheus. */
const MAX_LABELS_WITH_VALUES = 250;

/** And how long they may be together, bytes: with that many, metrics stay within 200 KB. */
const MAX_BYTES_WITH_VALUES = 10_000;

export interface MetricLabelsOptions {
  /** Default: 250. */
  readonly most?: number | undefined;
  /** What stands for a value; default: a digest for those that are too long. */
  readonly digestOf?: DigestOf | undefined;
}

/**
 * The labels under which rules are counted: the rule's own, or with actual values where it says `detailed_metric` or
 * `value_to_metric`. What clients send must not fill memory and metrics: beyond the first so many, a rule's own label
 * counts all other values.
 */
export class MetricLabels {
  readonly #withValues = new Set<string>();
  readonly #most: number;
  readonly #digestOf: DigestOf;
  #bytes = 0;

  constructor({ most, digestOf }: MetricLabelsOptions = {}) {
    this.#most = most ?? MAX_LABELS_WITH_VALUES;
    this.#digestOf = digestOf ?? digestLongValue;
  }

  labelOf(rule: Rule, entries: readonly Entry[]): string {
    if (!rule.detailedMetric && !rule.path.some((step) => step.valueToMetric)) return rule.label;
    const label = labelOf(rule.path.map((step, index) => this.#actualStep(rule, step, entries[index] as Entry)));
    const identity = `${rule.domain}\n${label}`;
    if (this.#withValues.has(identity)) return label;
    if (this.#withValues.size >= this.#most) return rule.label;
    const bytes = Buffer.byteLength(label);
    if (this.#bytes + bytes > MAX_BYTES_WITH_VALUES) return rule.label;
    this.#bytes += bytes;
    this.#withValues.add(identity);
    return label;
  }

  /** A shared threshold keeps its pattern, whose values are counted together (as in ER). */
  #actualStep(rule: Rule, step: RuleStep, { key, value }: Entry): Pick<RuleStep, "key" | "value"> {
    const isActual = !step.shareThreshold && (rule.detailedMetric || step.valueToMetric);
    if (!isActual) return step;
    const digest = this.#digestOf(value);
    return { key, value: digest === undefined ? value : `^${digest}` };
  }
}
