import { inTurns } from "../../in-turns.js";

/** Descriptors counted since the start. */
export interface DecisionSample {
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

/** How often a rule lets through and refuses. */
export interface RuleRate {
  readonly okPerSecond: number;
  readonly overLimitPerSecond: number;
}

interface Totals {
  ok: number;
  overLimit: number;
}

/** What was counted at one moment, by domain and label. */
interface Snapshot {
  readonly atMillis: number;
  readonly rules: Map<string, Map<string, Totals>>;
}

/** Rates are over this time to twice of it. */
const INTERVAL_MILLIS = 5_000;

const OK: ReadonlySet<string> = new Set(["ok", "unlimited", "shadow_over_limit", "failed_open"]);
const OVER_LIMIT: ReadonlySet<string> = new Set(["over_limit", "never_fits", "failed_closed"]);

const NONE: RuleRate = { okPerSecond: 0, overLimitPerSecond: 0 };

/** How fast rules are met, from what metrics count anyway: a look at all counts every few seconds, in turns. */
export class RuleRates {
  readonly #samples: () => Iterable<DecisionSample>;
  #before: Snapshot = { atMillis: performance.now(), rules: new Map() };
  #last: Snapshot = this.#before;
  readonly #timer: NodeJS.Timeout;

  /** @param samples each count, asked for again and again */
  constructor(samples: () => Iterable<DecisionSample>) {
    this.#samples = samples;
    this.#timer = setInterval(() => void this.#turn(), INTERVAL_MILLIS);
    this.#timer.unref();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  /** Rates up to now, by domain and label. */
  async now(): Promise<(domain: string, label: string) => RuleRate> {
    const before = this.#before;
    const present = await this.#look();
    const seconds = Math.max(0.001, (present.atMillis - before.atMillis) / 1_000);
    return (domain, label) => {
      const totals = present.rules.get(domain)?.get(label);
      if (totals === undefined) return NONE;
      const past = before.rules.get(domain)?.get(label);
      return {
        okPerSecond: rateOf(totals.ok, past?.ok, seconds),
        overLimitPerSecond: rateOf(totals.overLimit, past?.overLimit, seconds),
      };
    };
  }

  async #turn(): Promise<void> {
    const present = await this.#look();
    this.#before = this.#last;
    this.#last = present;
  }

  async #look(): Promise<Snapshot> {
    const snapshot: Snapshot = { atMillis: performance.now(), rules: new Map() };
    await inTurns(addAll(snapshot, this.#samples()));
    return snapshot;
  }
}

function* addAll({ rules }: Snapshot, samples: Iterable<DecisionSample>): Generator<void> {
  for (const { labels, value } of samples) {
    const { domain = "", rule = "", outcome = "" } = labels;
    const totals = totalsOf(rules, String(domain), String(rule));
    if (OK.has(String(outcome))) totals.ok += value;
    else if (OVER_LIMIT.has(String(outcome))) totals.overLimit += value;
    yield;
  }
}

function totalsOf(rules: Snapshot["rules"], domain: string, label: string): Totals {
  const byLabel = rules.get(domain) ?? new Map<string, Totals>();
  rules.set(domain, byLabel);
  const totals = byLabel.get(label) ?? { ok: 0, overLimit: 0 };
  byLabel.set(label, totals);
  return totals;
}

/** Counts of a rule that went and came again start anew. */
function rateOf(now: number, before: number | undefined, seconds: number): number {
  const grown = now - (before ?? 0);
  return Math.round(((grown < 0 ? now : grown) / seconds) * 10) / 10;
}
