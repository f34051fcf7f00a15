import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Algorithm, BucketLimit } from "../../../../src/limits/limit.js";
import { DEFAULT_PENDING_LAPSE_MICROS } from "../../../../src/limits/pending-charges.js";
import { DenyCache } from "../../../../src/stores/redis/deny-cache.js";
import type { Action, Charge, Outcome, Role, Verdict } from "../../../../src/stores/store.js";
import { ALGORITHMS, SECOND, YEAR } from "../../../conformance/store-harness.js";
import { arbitraryRefillingLimit } from "../../../support/model/arbitrary-limits.js";
import { BucketModel } from "../../../support/model/bucket-model.js";
import { runs } from "../../../support/property-runs.js";

/** 2026-11-23. */
const START_MICROS = 1_795_392_000_000_000;

interface Ask {
  readonly wait: { readonly kind: "none" | "micros" | "part" | "promise" | "period"; readonly size: number };
  readonly hits: { readonly kind: "left" | "again" | "share" | "few" | "over"; readonly size: number };
  readonly action: Action;
  readonly role: Role;
}

const arbitraryAsk: fc.Arbitrary<Ask> = fc.record({
  wait: fc.record({
    kind: fc.constantFrom("none", "none", "micros", "part", "part", "promise", "promise", "period"),
    size: fc.nat(1_000),
  }),
  hits: fc.record({
    kind: fc.constantFrom("left", "left", "left", "left", "again", "again", "again", "again", "share", "few", "over"),
    size: fc.nat(100),
  }),
  action: fc.constantFrom<Action>("take", "take", "take", "take", "take", "take", "take", "report", "peek", "refund"),
  role: fc.constantFrom<Role>("enforced", "enforced", "enforced", "enforced", "enforced", "shadow", "quota"),
});

/** The exact model behind a cache, as the Redis store is, with a clock that tests move. */
class CachedModel {
  readonly cache = new DenyCache(100);
  readonly #model = new BucketModel(DEFAULT_PENDING_LAPSE_MICROS, START_MICROS);
  readonly #latencyMicros: number;
  #serverMicros = START_MICROS;
  #processMicros = 0;

  /** @param latencyMicros between sending and deciding */
  constructor(latencyMicros = 0) {
    this.#latencyMicros = latencyMicros;
  }

  /** Moves the clocks on, at most a year, so that they stay exact, and that of the process, where long is long, less. */
  advance(micros: number): void {
    const moved = Math.min(micros, YEAR);
    this.#serverMicros += moved;
    this.#processMicros += Math.min(moved, 10 * SECOND);
    this.#model.advance(moved);
  }

  /** The cache's answer, if it has one, and the model's at the same moment. */
  decide(charge: Charge): { readonly cached: Verdict | undefined; readonly exact: Verdict } {
    const cached = this.cache.lookUp(charge, this.#millis());
    if (cached !== undefined) return { cached, exact: this.#ask(charge) };
    const sentMillis = this.#millis();
    this.advance(this.#latencyMicros);
    const exact = this.#ask(charge);
    this.cache.remember(charge, exact.outcomes[0] as Outcome, sentMillis, this.#serverMicros);
    return { cached, exact };
  }

  #millis(): number {
    return this.#processMicros / 1_000;
  }

  #ask(charge: Charge): Verdict {
    const { admitted, outcomes } = this.#model.decide([charge]);
    const micros = (value: bigint | undefined) => (value === undefined ? Number.POSITIVE_INFINITY : Number(value));
    return {
      admitted,
      outcomes: outcomes.map(({ fits, settled, tokens, untilFullMicros, untilFitsMicros }) => ({
        fits,
        settled,
        tokens: Number(tokens),
        untilFullMicros: micros(untilFullMicros),
        untilFitsMicros: micros(untilFitsMicros),
      })),
    };
  }
}

/** Asks of one bucket as the last answers suggest, and gives each answer that the cache had to `check`. */
function run(
  subject: CachedModel,
  limit: BucketLimit,
  asks: readonly Ask[],
  check: (cached: Verdict, exact: Verdict) => void,
): void {
  let [last, hits]: [Outcome | undefined, number] = [undefined, 1];
  for (const { wait, hits: wanted, action, role } of asks) {
    const promise = last?.untilFitsMicros ?? 0;
    subject.advance(
      {
        none: 0,
        micros: wait.size,
        part: wait.size * 500,
        promise: Number.isFinite(promise) ? Math.max(0, promise - 1 + (wait.size % 3)) : 0,
        period: Math.floor((limit.periodMicros * wait.size) / 500),
      }[wait.kind],
    );
    const left = Math.max(0, last?.tokens ?? limit.burst);
    hits = {
      left: left + (wanted.size % 3),
      again: hits,
      share: Math.floor((limit.burst * wanted.size) / 100),
      few: wanted.size % 5,
      over: limit.burst + wanted.size,
    }[wanted.kind];
    const charge: Charge = { key: "k", limit, role, action, hits: action === "peek" ? 0 : hits };
    const { cached, exact } = subject.decide(charge);
    if (cached !== undefined) check(cached, exact);
    last = exact.outcomes[0];
  }
}

/** The same answer; a token bucket's remainder is known as well as a microsecond's worth of its rate tells. */
function expectSame(cached: Verdict, exact: Verdict, { algorithm, tokensPerPeriod, periodMicros }: BucketLimit): void {
  const [told, true_] = [cached.outcomes[0] as Outcome, exact.outcomes[0] as Outcome];
  expect(cached.admitted).toBe(exact.admitted);
  expect([told.fits, told.settled]).toEqual([true_.fits, true_.settled]);
  if (algorithm !== "token_bucket") {
    expect(cached).toEqual(exact);
    return;
  }
  const isKnown = tokensPerPeriod === 1;
  expect(true_.tokens - told.tokens).toBeGreaterThanOrEqual(0);
  expect(true_.tokens - told.tokens).toBeLessThanOrEqual(isKnown ? 0 : Math.ceil(tokensPerPeriod / periodMicros));
  for (const field of ["untilFullMicros", "untilFitsMicros"] as const) {
    if (true_[field] === Number.POSITIVE_INFINITY) expect(told[field]).toBe(true_[field]);
    // Moments more than 285 years ahead are told as well as a double can.
    else if (true_[field] > Number.MAX_SAFE_INTEGER) expect(told[field] / true_[field]).toBeCloseTo(1, 10);
    else expect(isKnown ? [0] : [0, 1]).toContain(told[field] - true_[field]);
  }
}

describe.each<Algorithm>(ALGORITHMS)("the deny cache before the exact model, %s", (algorithm) => {
  it("answers as the model does at the same moment", () => {
    let answers = 0;
    const asks = fc.array(arbitraryAsk, { minLength: 5, maxLength: 60, size: "max" });
    const property = fc.property(arbitraryRefillingLimit(algorithm), asks, (limit, all) => {
      run(new CachedModel(), limit, all, (cached, exact) => {
        answers += 1;
        expectSame(cached, exact, limit);
      });
    });
    fc.assert(property, { numRuns: runs(500) });
    expect(answers).toBeGreaterThan(runs(50));
  });

  it("never refuses what the model admits, however long the answers were on their way", () => {
    let answers = 0;
    const asks = fc.array(arbitraryAsk, { minLength: 5, maxLength: 60, size: "max" });
    const latency = fc.integer({ min: 0, max: 20_000 });
    const property = fc.property(arbitraryRefillingLimit(algorithm), asks, latency, (limit, all, micros) => {
      run(new CachedModel(micros), limit, all, (_cached, exact) => {
        answers += 1;
        expect(exact.admitted).toBe(false);
      });
    });
    fc.assert(property, { numRuns: runs(300) });
    expect(answers).toBeGreaterThan(runs(30));
  });
});
