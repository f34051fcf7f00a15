import type { Sample } from "./scraped-metric.js";

/** A rule that is in force. */
export interface RuleName {
  readonly domain: string;
  readonly label: string;
}

/** The counts of one rule. */
interface RuleCounts {
  readonly byOutcome: Map<string, number>;
  /** The generation in which it was counted last. */
  countedIn: number;
}

/** Counts descriptors by domain, rule and outcome; a few look-ups each, since it happens for each of every request. */
export class DecisionCounts {
  readonly #domains = new Map<string, Map<string, RuleCounts>>();
  /** How often rules have changed. */
  #generation = 0;

  count(domain: string, rule: string, outcome: string): void {
    const counts = this.#countsOf(domain, rule);
    counts.countedIn = this.#generation;
    counts.byOutcome.set(outcome, (counts.byOutcome.get(outcome) ?? 0) + 1);
  }

  samples(): Sample[] {
    const samples: Sample[] = [];
    for (const [domain, rules] of this.#domains) {
      for (const [rule, { byOutcome }] of rules) {
        for (const [outcome, value] of byOutcome) samples.push({ labels: { domain, rule, outcome }, value });
      }
    }
    return samples;
  }

  /**
   * Drops the counts of rules that are not in force, but for those that were counted since rules changed the last time:
   * they stay until the next change, so that their last counts are seen, and with them labels that hold actual values.
   * So however often rules change, no more than these two kinds are kept.
   * @param inForce all rules; asked for only when there is something to drop
   * @returns work in small parts, one for each item
   */
  *keepOnly(inForce: Iterable<RuleName>): Generator<void> {
    const stale = new Map<string, Set<string>>();
    const oldest = this.#generation++;
    yield* this.#findStale(stale, oldest);
    if (stale.size === 0) return;
    for (const { domain, label } of inForce) {
      stale.get(domain)?.delete(label);
      yield;
    }
    for (const [domain, labels] of stale) {
      const rules = this.#domains.get(domain);
      for (const label of labels) {
        // It may have been counted while we looked.
        if ((rules?.get(label)?.countedIn ?? oldest) < oldest) rules?.delete(label);
        yield;
      }
      if (rules?.size === 0) this.#domains.delete(domain);
    }
  }

  /** Finds labels by domain that were counted before a generation only. */
  *#findStale(stale: Map<string, Set<string>>, oldest: number): Generator<void> {
    for (const [domain, rules] of this.#domains) {
      const labels = new Set<string>();
      for (const [label, { countedIn }] of rules) {
        if (countedIn < oldest) labels.add(label);
        yield;
      }
      if (labels.size > 0) stale.set(domain, labels);
    }
  }

  #countsOf(domain: string, rule: string): RuleCounts {
    const known = this.#domains.get(domain)?.get(rule);
    if (known !== undefined) return known;
    const counts = { byOutcome: new Map(), countedIn: this.#generation };
    const rules = this.#domains.get(domain) ?? new Map<string, RuleCounts>();
    this.#domains.set(domain, rules.set(rule, counts));
    return counts;
  }
}
