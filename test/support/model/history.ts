import fc from "fast-check";
import { expect } from "vitest";
import { type Algorithm, type BucketLimit, MAX_HITS } from "../../../src/limits/limit.js";
import type { Action, Charge, Outcome, Role, Verdict } from "../../../src/stores/store.js";
import { arbitraryLimitVersions } from "./arbitrary-limits.js";
import { BucketModel, type ModelOutcome, type ModelVerdict } from "./bucket-model.js";

/** A charge before its bucket's size is known: hits are 0, 1, a few, or so many hundredths of the burst. */
interface Draft {
  readonly bucket: number;
  readonly role: Role;
  readonly action: Action;
  readonly hits: { readonly kind: "few" | "share" | "over" | "huge"; readonly size: number };
}

/** How far the clock moves before a request. */
interface Step {
  readonly kind: "none" | "micros" | "token" | "slot" | "period" | "promise" | "lapse" | "back";
  readonly size: number;
}

interface Request {
  readonly step: Step;
  /** Which version of each bucket's limit is in force. */
  readonly version: number;
  readonly drafts: readonly Draft[];
}

/** Requests over a few buckets, with all that may happen between them. */
export interface History {
  readonly buckets: readonly (readonly BucketLimit[])[];
  readonly requests: readonly Request[];
}

/** What a history is run against. */
export interface HistorySubject {
  decide(charges: readonly Charge[]): Verdict | Promise<Verdict>;
  nowMicros(): number;
  advance(micros: number): void | Promise<void>;
}

/** What happened in some histories, so that a test can see that all of it did. */
export interface Tally {
  requests: number;
  admitted: number;
  refused: number;
  settled: number;
  debts: number;
  stepsBack: number;
  /** Buckets given up since the contract leaves open what they would do. */
  freshened: number;
}

export function emptyTally(): Tally {
  return { requests: 0, admitted: 0, refused: 0, settled: 0, debts: 0, stepsBack: 0, freshened: 0 };
}

/** How far the clock may get from where it started: 40 years, since clocks are exact up to the year 2255. */
const FARTHEST_MICROS = 40 * 365 * 86_400 * 1_000_000;

const arbitraryHits = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant("few" as const), size: fc.integer({ min: 0, max: 5 }) }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant("share" as const), size: fc.integer({ min: 1, max: 100 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom("over" as const, "huge" as const), size: fc.nat(3) }) },
);

const arbitraryDraft: fc.Arbitrary<Draft> = fc.record({
  bucket: fc.nat(),
  role: fc.constantFrom<Role>("enforced", "enforced", "enforced", "shadow", "quota", "shadow_quota"),
  action: fc.constantFrom<Action>("take", "take", "take", "report", "report", "peek", "peek", "refund"),
  hits: arbitraryHits,
});

const arbitraryStep: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom("none", "none", "micros", "token", "slot", "period", "promise", "promise", "lapse", "back"),
  size: fc.integer({ min: 0, max: 1_000 }),
});

const arbitraryVersions = fc
  .constantFrom<Algorithm>("token_bucket", "fixed_window", "sliding_window")
  .chain(arbitraryLimitVersions);

/** Histories of at most so many requests, over buckets of all algorithms. */
export function arbitraryHistory(maxRequests: number): fc.Arbitrary<History> {
  const request = fc.record({
    step: arbitraryStep,
    version: fc.oneof({ weight: 8, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(2) }),
    drafts: fc.array(arbitraryDraft, { minLength: 1, maxLength: 5 }),
  });
  return fc.record({
    buckets: fc.array(arbitraryVersions, { minLength: 1, maxLength: 4 }),
    requests: fc.array(request, { minLength: 1, maxLength: maxRequests, size: "max" }),
  });
}

/** Runs a history against a store and the exact model at once and expects the same answers. */
export class HistoryRun {
  readonly #history: History;
  readonly #keyPrefix: string;
  readonly #pendingLapseMicros: number;
  readonly #generations: number[];
  readonly #tally: Tally;
  #promise = 0;
  #clock = 0;

  /** Counts what happens in `tally`, which several runs may share. */
  constructor(history: History, keyPrefix: string, pendingLapseMicros: number, tally: Tally) {
    this.#history = history;
    this.#tally = tally;
    this.#keyPrefix = keyPrefix;
    this.#pendingLapseMicros = pendingLapseMicros;
    this.#generations = history.buckets.map(() => 0);
  }

  async against(subject: HistorySubject): Promise<void> {
    const model = new BucketModel(this.#pendingLapseMicros, subject.nowMicros());
    for (const request of this.#history.requests) {
      const micros = this.#microsOf(request.step);
      model.advance(micros);
      await subject.advance(micros);
      const charges = this.#chargesOf(request, model);
      const expected = model.decide(charges);
      const actual = await subject.decide(charges);
      expectSame(actual, expected, () => `after ${this.#clock} us: ${JSON.stringify(charges)}`);
      this.#promise = earliestPromise(actual, this.#promise);
      count(this.#tally, actual, micros);
    }
    // So that clocks do not run away over many histories.
    await subject.advance(-this.#clock);
  }

  #microsOf({ kind, size }: Step): number {
    const limit = (this.#history.buckets[size % this.#history.buckets.length] as BucketLimit[])[0] as BucketLimit;
    const micros = {
      none: 0,
      micros: size,
      token: Math.floor((limit.periodMicros / Math.max(1, limit.tokensPerPeriod)) * (size / 250)),
      // Up to 80 slots of a sliding window, a microsecond more or less.
      slot: Math.floor(((size % 80) * limit.periodMicros) / 60) + (size % 3) - 1,
      period: Math.floor((limit.periodMicros * size) / 500),
      // Just before, at, and just after the moment that a refusal named.
      promise: this.#promise - 1 + (size % 3),
      lapse: Math.floor((this.#pendingLapseMicros * size) / 600),
      back: -Math.floor((limit.periodMicros * size) / 5_000),
    }[kind];
    const moved = Math.min(Math.max(this.#clock + micros, -FARTHEST_MICROS), FARTHEST_MICROS) - this.#clock;
    this.#clock += moved;
    return moved;
  }

  #chargesOf({ version, drafts }: Request, model: BucketModel): readonly Charge[] {
    const refunded = new Set<number>();
    return drafts.flatMap(({ bucket, role, action, hits }) => {
      const index = bucket % this.#history.buckets.length;
      // The contract does not say what a first refund tells of a bucket that a second one fills.
      if (action === "refund" && refunded.has(index)) return [];
      if (action === "refund") refunded.add(index);
      const versions = this.#history.buckets[index] as readonly BucketLimit[];
      const limit = versions[version % versions.length] as BucketLimit;
      const charge = { limit, role, action, hits: action === "peek" ? 0 : hitsOf(hits, limit) };
      return [{ ...charge, key: this.#keyOf(index, charge, model) }];
    });
  }

  /** Takes a fresh bucket where the contract leaves more than one answer open. */
  #keyOf(index: number, charge: Omit<Charge, "key">, model: BucketModel): string {
    const named = () => `${this.#keyPrefix}|${index}|${this.#generations[index]}`;
    if (model.isOpenToChoice({ ...charge, key: named() })) {
      this.#generations[index] = (this.#generations[index] as number) + 1;
      this.#tally.freshened += 1;
    }
    return named();
  }
}

function hitsOf({ kind, size }: Draft["hits"], { burst }: BucketLimit): number {
  if (kind === "few") return size;
  if (kind === "share") return Math.floor((burst * size) / 100);
  return kind === "over" ? burst + size : MAX_HITS - size;
}

function count(tally: Tally, { admitted, outcomes }: Verdict, micros: number): void {
  tally.requests += 1;
  if (admitted) tally.admitted += 1;
  else tally.refused += 1;
  if (micros < 0) tally.stepsBack += 1;
  tally.settled += outcomes.filter(({ settled }) => settled).length;
  tally.debts += outcomes.filter(({ tokens }) => tokens < 0).length;
}

/** The soonest moment that this answer names, or the old one. */
function earliestPromise(verdict: Verdict, before: number): number {
  const named = verdict.outcomes
    .flatMap(({ untilFitsMicros, untilFullMicros }) => [untilFitsMicros, untilFullMicros])
    .filter((micros) => micros > 0 && Number.isFinite(micros));
  return named.length === 0 ? before : Math.min(...named);
}

function expectSame(actual: Verdict, expected: ModelVerdict, context: () => string): void {
  const outcomes = expected.outcomes.map((outcome, index) => plain(outcome, actual.outcomes[index]));
  expect(actual, context()).toEqual({ admitted: expected.admitted, outcomes });
}

function plain(expected: ModelOutcome, actual: Outcome | undefined): Outcome {
  return {
    fits: expected.fits,
    settled: expected.settled,
    tokens: Number(expected.tokens),
    untilFullMicros: plainMicros(expected.untilFullMicros, actual?.untilFullMicros),
    untilFitsMicros: plainMicros(expected.untilFitsMicros, actual?.untilFitsMicros),
  };
}

/** Moments more than 285 years ahead are told as well as a double can. */
function plainMicros(expected: bigint | undefined, actual: number | undefined): number {
  if (expected === undefined) return Number.POSITIVE_INFINITY;
  const nearest = Number(expected);
  if (nearest <= Number.MAX_SAFE_INTEGER || actual === undefined) return nearest;
  return Math.abs(actual - nearest) <= nearest * 1e-12 ? actual : nearest;
}
