import type { Sample } from "./scraped-metric.js";

/** A rule that is in force. */
export interface RuleName {
  readonly domain: string;
  readonly label: string;
}

/** The counts of one rule. */
interface RuleCounts {
  readonly byOutcome: Map<string, number>;
  admittedHits: number;
  refusedHits: number;
  /** The generation in which it was counted last. */
  countedIn: number;
}

/** What rules are counted as, domain and label, once there are too many. */
const OTHER = "(other)";

/** Counts descriptors by domain, rule and outcome; a few look-ups each, since it happens for each of every request. */
export class DecisionCounts {
  readonly #domains = new Map<string, Map<string, RuleCounts>>();
  readonly #most: number;
  #size = 0;
  /** How often rules have changed. */
  #generation = 0;

  /** @param most rules that have counts of their own; those met first do, all others are counted together */
  constructor(most = 10_000) {
    this.#most = most;
  }

  /** @param admittedHits of its hits those that were let through @param refusedHits those that its limits refused */
  count(domain: string, rule: string, outcome: string, admittedHits = 0, refusedHits = 0): void {
    const counts = this.#domains.get(domain)?.get(rule) ?? this.#newCounts(domain, rule);
    counts.countedIn = this.#generation;
    counts.byOutcome.set(outcome, (counts.byOutcome.get(outcome) ?? 0) + 1);
    counts.admittedHits += admittedHits;
    counts.refusedHits += refusedHits;
  }

  /** How many rules have counts of their own. */
  get size(): number {
    return this.#size;
  }

  /** Descriptors by domain, rule and outcome. */
  *descriptors(): Generator<Sample> {
    for (const [domain, rules] of this.#domains) {
      for (const [rule, { byOutcome }] of rules) {
        for (const [outcome, value] of byOutcome) yield { labels: { domain, rule, outcome }, value };
      }
    }
  }

  /** Hits by domain, rule and result; both results of a rule from the first of its hits on. */
  *hits(): Generator<Sample> {
    for (const [domain, rules] of this.#domains) {
      for (const [rule, { admittedHits, refusedHits }] of rules) {
        if (admittedHits === 0 && refusedHits === 0) continue;
        yield { labels: { domain, rule, result: "admitted" }, value: admittedHits };
        yield { labels: { domain, rule, result: "refused" }, value: refusedHits };
      }
    }
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
      for (const label of labels) {
        // It may have been counted while we looked.
        if ((this.#domains.get(domain)?.get(label)?.countedIn ?? oldest) < oldest) this.#drop(domain, label);
        yield;
      }
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

  #drop(domain: string, rule: string): void {
    const rules = this.#domains.get(domain);
    if (rules?.delete(rule) === true) this.#size--;
    if (rules?.size === 0) this.#domains.delete(domain);
  }

  #newCounts(domain: string, rule: string): RuleCounts {
    if (this.#size >= this.#most && domain !== OTHER) {
      return this.#domains.get(OTHER)?.get(OTHER) ?? this.#newCounts(OTHER, OTHER);
    }
    const counts = { byOutcome: new Map<string, number>(), admittedHits: 0, refusedHits: 0, countedIn: 0 };
    const rules = this.#domains.get(domain) ?? new Map<string, RuleCounts>();
    this.#domains.set(domain, rules.set(rule, counts));
    this.#size++;
    return counts;
  }
}
