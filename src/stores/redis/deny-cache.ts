import type { BucketLimit } from "../../limits/limit.js";
import { decide, openBucket } from "../admission.js";
import type { Charge, Outcome, Verdict } from "../store.js";
import { TwoGenerations } from "../two-generations.js";
import { stateAfterRefusal, tellsState } from "./refused-state.js";

/** A refusal is believed no longer than this, since other replicas may have given hits back. */
const LONGEST_MICROS = 1_000_000;

/** A refusal of the store's. */
interface Denial {
  readonly limit: BucketLimit;
  readonly hits: number;
  readonly outcome: Outcome;
  /** This process's clock when the store was asked. */
  readonly sentMillis: number;
  /** The store's clock when it refused. */
  readonly serverNowMicros: number;
  /** For so long after it was asked the refusal stands. */
  readonly validMicros: number;
}

/**
 * Refusals that need not be asked for again: a bucket that refused some hits refuses as many or more until the moment
 * that the store named, for a second at most. Where it answers, it answers as the store would: the bucket is made again
 * from the refusal, and moved on to the moment of the question. Counted from when the store was asked, which is before it
 * decided, so that a refusal never outlives its moment.
 *
 * It takes part only where a charge is all that its request asks of the store, is enforced and takes hits (D4, D5).
 * Times in milliseconds are those of `performance.now()`. Every call does a bounded amount of work.
 */
export class DenyCache {
  readonly #isOn: boolean;
  readonly #denials: TwoGenerations<Denial>;
  #hits = 0;
  #turnedMillis = Number.NEGATIVE_INFINITY;

  /** @param most how many refusals are kept (2 at least); 0: none, and `lookUp` never answers */
  constructor(most: number) {
    this.#isOn = most > 0;
    this.#denials = new TwoGenerations(most);
  }

  /** How many questions were answered. */
  get hits(): number {
    return this.#hits;
  }

  /** How many refusals are kept now, some of which may have had their time. */
  get size(): number {
    return this.#denials.size;
  }

  /** The store's answer to a request of this charge alone; undefined: ask the store. */
  lookUp(charge: Charge, nowMillis: number): Verdict | undefined {
    if (this.#denials.size === 0 || !isRefusable(charge)) return undefined;
    const denial = this.#denials.get(charge.key);
    if (denial === undefined || charge.hits < denial.hits || !isSameLimit(charge.limit, denial.limit)) return undefined;
    const elapsedMicros = Math.max(0, Math.round((nowMillis - denial.sentMillis) * 1_000));
    if (elapsedMicros >= denial.validMicros) {
      this.#denials.delete(charge.key);
      return undefined;
    }
    const verdict = answer(charge, denial, elapsedMicros);
    if (verdict !== undefined) this.#hits += 1;
    return verdict;
  }

  /**
   * Keeps what the store said to a request of this charge alone, if it is a refusal that can be answered again. Anything
   * else that it said of the bucket makes an earlier refusal old.
   * @param sentMillis when the store was asked
   * @param serverNowMicros the store's clock when it decided
   */
  remember(charge: Charge, outcome: Outcome, sentMillis: number, serverNowMicros: number): void {
    if (!this.#isOn) return;
    const { key, limit, hits } = charge;
    if (!isRefusable(charge) || !isLastingRefusal(charge, outcome)) {
      this.forget(key);
      return;
    }
    const validMicros = Math.min(LONGEST_MICROS, outcome.untilFitsMicros);
    this.#letOldGo(sentMillis);
    this.#denials.set(key, { limit, hits, outcome, sentMillis, serverNowMicros, validMicros });
  }

  /** The bucket may hold other tokens than a refusal said: something was given back to it, or charged by another request. */
  forget(key: string): void {
    if (this.#denials.size > 0) this.#denials.delete(key);
  }

  /** What was not asked for since the last turn has had its time. */
  #letOldGo(nowMillis: number): void {
    if (nowMillis - this.#turnedMillis < LONGEST_MICROS / 1_000) return;
    this.#turnedMillis = nowMillis;
    this.#denials.turn();
  }
}

function isRefusable({ role, action, hits }: Charge): boolean {
  return role === "enforced" && action === "take" && hits > 0;
}

function isLastingRefusal({ limit, hits }: Charge, outcome: Outcome): boolean {
  if (outcome.fits || outcome.tokens < 0 || outcome.untilFitsMicros <= 0) return false;
  // Of a sliding window is known when its oldest slot leaves, but neither with how many hits nor what follows it.
  return limit.algorithm === "sliding_window" ? hits - outcome.tokens === 1 : tellsState(limit, outcome);
}

function isSameLimit(one: BucketLimit, other: BucketLimit): boolean {
  if (one === other) return true;
  return (
    one.algorithm === other.algorithm &&
    one.tokensPerPeriod === other.tokensPerPeriod &&
    one.periodMicros === other.periodMicros &&
    one.burst === other.burst &&
    one.maxDebt === other.maxDebt
  );
}

function answer(charge: Charge, denial: Denial, elapsedMicros: number): Verdict | undefined {
  if (charge.limit.algorithm === "sliding_window") {
    return charge.hits === denial.hits ? countedDown(denial.outcome, elapsedMicros) : undefined;
  }
  const state = stateAfterRefusal(denial.limit, denial.hits, denial.outcome, denial.serverNowMicros);
  const bucket = openBucket(state, charge.limit, denial.serverNowMicros + elapsedMicros);
  const verdict = decide([charge], [bucket]);
  return verdict.admitted ? undefined : verdict;
}

/** Nothing has changed but the time. */
function countedDown({ tokens, untilFullMicros, untilFitsMicros }: Outcome, elapsedMicros: number): Verdict {
  const outcome = {
    fits: false,
    settled: false,
    tokens,
    untilFullMicros: Math.max(0, untilFullMicros - elapsedMicros),
    untilFitsMicros: untilFitsMicros - elapsedMicros,
  };
  return { admitted: false, outcomes: [outcome] };
}
