import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fits } from "../../../src/limits/hits.js";
import { type BucketLimit, MAX_HITS } from "../../../src/limits/limit.js";
import { type TokenBucketState, tokenBucket } from "../../../src/limits/token-bucket.js";
import { arbitraryRefillingLimit, ofAnySize } from "../../support/model/arbitrary-limits.js";
import { runs } from "../../support/property-runs.js";

const { refill, refund, charge, keptMicros, isOutdated } = tokenBucket;
const START = 1_795_392_000_000_000;
const HORIZON = 20 * 365 * 86_400 * 1_000_000;

function limitOf(tokensPerPeriod: number, periodMicros: number, burst: number, maxDebt = burst): BucketLimit {
  return { algorithm: "token_bucket", tokensPerPeriod, periodMicros, burst, maxDebt };
}

function stateOf(limit: BucketLimit, tokens: number, remainder = 0): TokenBucketState {
  const { tokensPerPeriod, burst } = limit;
  return { atMicros: START, tokens, remainder, tokensPerPeriod, burst, pending: [] };
}

/** A limit and a bucket somewhere between its deepest debt and full. */
const arbitraryBucket = arbitraryRefillingLimit("token_bucket").chain((limit) =>
  fc
    .record({
      tokens: fc.integer({ min: -limit.maxDebt, max: limit.burst }),
      remainder: fc.nat({ max: limit.periodMicros - 1 }),
    })
    .map(({ tokens, remainder }) => ({
      limit,
      state: stateOf(limit, tokens, tokens === limit.burst ? 0 : remainder),
    })),
);

describe("refill", () => {
  it("brings a bucket that does not exist full (D3)", () => {
    expect(refill(undefined, limitOf(5, 60, 7), START)).toEqual({
      atMicros: START,
      tokens: 7,
      remainder: 0,
      tokensPerPeriod: 5,
      burst: 7,
      pending: [],
    });
  });

  it("comes to the same in one step or in many (D3)", () => {
    const steps = fc.array(ofAnySize(HORIZON / 20), { minLength: 1, maxLength: 20 });
    const property = fc.property(arbitraryBucket, steps, ({ limit, state }, micros) => {
      let now = START;
      let bucket = state;
      for (const step of micros) {
        now += step;
        bucket = refill(bucket, limit, now);
      }
      expect(bucket).toEqual(refill(state, limit, now));
    });
    fc.assert(property, { numRuns: runs(500) });
  });

  it("holds exactly what the rate brought, whatever the sizes (D3)", () => {
    const property = fc.property(arbitraryBucket, ofAnySize(HORIZON), ({ limit, state }, elapsed) => {
      const period = BigInt(limit.periodMicros);
      const level = BigInt(state.tokens) * period + BigInt(state.remainder);
      const sum = level + BigInt(elapsed) * BigInt(limit.tokensPerPeriod);
      const full = BigInt(limit.burst) * period;
      const { tokens, remainder } = refill(state, limit, START + elapsed);
      expect(BigInt(tokens) * period + BigInt(remainder)).toBe(sum < full ? sum : full);
    });
    fc.assert(property, { numRuns: runs(2_000) });
  });

  it("adds nothing and moves the anchor when the clock has stepped back (D11)", () => {
    const limit = limitOf(5, 60, 7);
    expect(refill(stateOf(limit, 3, 10), limit, START - 1_000)).toEqual({
      ...stateOf(limit, 3, 10),
      atMicros: START - 1_000,
    });
  });

  it("counts the time gone by at the old rate, and names the new one (D11)", () => {
    const refilled = refill(stateOf(limitOf(1, 60, 100), 0), limitOf(60, 60, 100), START + 120);
    expect(refilled).toMatchObject({ tokens: 2, tokensPerPeriod: 60 });
  });
});

describe("a token bucket", () => {
  /** Hits in order, admitted exactly as long as every interval keeps within burst + rate x t. */
  function admittedBySum(limit: BucketLimit, requests: readonly { wait: number; hits: number }[]): boolean[] {
    const taken: { at: bigint; hits: bigint }[] = [];
    const period = BigInt(limit.periodMicros);
    let now = 0n;
    return requests.map(({ wait, hits }) => {
      now += BigInt(wait);
      taken.push({ at: now, hits: BigInt(hits) });
      let sum = 0n;
      const allowed = taken.toReversed().every(({ at, hits: taking }) => {
        sum += taking;
        return sum * period <= BigInt(limit.burst) * period + (now - at) * BigInt(limit.tokensPerPeriod);
      });
      if (!allowed) taken.pop();
      return allowed;
    });
  }

  it("admits in any interval at most burst + rate x t, and refuses nothing that this sum allows (D3)", () => {
    const history = arbitraryRefillingLimit("token_bucket").chain((limit) => {
      const perToken = Math.max(1, Math.ceil(limit.periodMicros / limit.tokensPerPeriod));
      const wait = fc.oneof(fc.nat(3), fc.nat({ max: Math.min(3 * perToken, HORIZON / 40) }));
      const hits = fc.oneof(fc.nat(3), ofAnySize(Math.max(1, Math.ceil(limit.burst * 1.1))));
      const requests = fc.array(fc.record({ wait, hits }), { minLength: 1, maxLength: 40, size: "max" });
      return fc.record({ limit: fc.constant(limit), requests });
    });
    const property = fc.property(history, ({ limit, requests }) => {
      let now = START;
      let bucket: TokenBucketState | undefined;
      const admitted = requests.map(({ wait, hits }) => {
        now += wait;
        const refilled = refill(bucket, limit, now);
        const fitting = fits(refilled.tokens, hits);
        if (fitting) bucket = charge(refilled, refilled.tokens - hits, [], limit, now);
        return fitting;
      });
      expect(admitted).toEqual(admittedBySum(limit, requests));
    });
    fc.assert(property, { numRuns: runs(500) });
  });

  it("refuses until exactly the promised microsecond, and admits at it (D3)", () => {
    const property = fc.property(arbitraryBucket, ofAnySize(10 ** 15), ({ limit, state }, wish) => {
      const hits = wish % (limit.burst + 1);
      const promised = tokenBucket.microsUntil(hits, state.tokens, state, limit, START);
      if (promised === 0) {
        expect(fits(state.tokens, hits)).toBe(true);
        return;
      }
      // Clocks are exact up to the year 2255.
      fc.pre(START + promised <= Number.MAX_SAFE_INTEGER);
      expect(fits(refill(state, limit, START + promised - 1).tokens, hits)).toBe(false);
      expect(fits(refill(state, limit, START + promised).tokens, hits)).toBe(true);
    });
    fc.assert(property, { numRuns: runs(1_000) });
  });
});

describe("the time until a token bucket has so many tokens", () => {
  function microsUntil(wanted: number, tokens: number, limit: BucketLimit): number {
    return tokenBucket.microsUntil(wanted, tokens, stateOf(limit, tokens), limit, START);
  }

  it("is 0 for tokens that are there, and never less", () => {
    expect(microsUntil(3, 3, limitOf(1, 60, 5))).toBe(0);
    expect(microsUntil(0, 3, limitOf(1, 60, 5))).toBe(0);
  });

  it("is Infinity for more than the burst, and without a refill", () => {
    expect(microsUntil(6, 5, limitOf(1, 60, 5))).toBe(Number.POSITIVE_INFINITY);
    expect(microsUntil(2, 1, limitOf(0, 60, 5))).toBe(Number.POSITIVE_INFINITY);
  });

  it("stays finite and near the truth beyond what a clock can count", () => {
    const limit = limitOf(1, 2 ** 50, 10 ** 15);
    expect(microsUntil(10 ** 15, -(10 ** 15), limit)).toBeCloseTo(2 * 10 ** 15 * 2 ** 50, -20);
  });
});

describe("a refund to a token bucket", () => {
  it("gives back up to the burst, out of a debt too (D8)", () => {
    const limit = limitOf(1, 60, 10);
    const refunded = (tokens: number, hits: number) => refund(stateOf(limit, tokens, 7), hits, limit);
    expect(refunded(2, 3)).toMatchObject({ tokens: 5, remainder: 7 });
    expect(refunded(-8, 9)).toMatchObject({ tokens: 1, remainder: 7 });
  });

  it("leaves a full bucket with no fraction of a token above it (D8)", () => {
    const limit = limitOf(1, 60, 10);
    for (const hits of [8, 9, MAX_HITS]) {
      expect(refund(stateOf(limit, 2, 7), hits, limit)).toMatchObject({ tokens: 10, remainder: 0 });
    }
  });

  it("changes nothing where there is nothing to give back", () => {
    const limit = limitOf(1, 60, 10);
    for (const [tokens, hits] of [
      [3, 0],
      [10, 5],
    ] as const) {
      const state = stateOf(limit, tokens);
      expect(refund(state, hits, limit)).toBe(state);
    }
  });
});

describe("a stored token bucket", () => {
  const limit = limitOf(5, 60, 7);

  function isOutdatedAfter(stored: TokenBucketState, elapsed: number, now: BucketLimit): boolean {
    return isOutdated(stored, refill(stored, now, START + elapsed), now);
  }

  it("still holds after time has passed", () => {
    expect(isOutdatedAfter(stateOf(limit, 1), 0, limit)).toBe(false);
    expect(isOutdatedAfter(stateOf(limit, 1), 59, limit)).toBe(false);
    expect(isOutdatedAfter(stateOf(limit, 6), 11, limit)).toBe(false);
  });

  it("is outdated by a step back of the clock, another rate, a larger burst, and tokens at the burst (D11)", () => {
    expect(isOutdatedAfter(stateOf(limit, 1), -1, limit)).toBe(true);
    expect(isOutdatedAfter(stateOf(limit, 1), 1, limitOf(4, 60, 7))).toBe(true);
    expect(isOutdatedAfter(stateOf(limit, 1), 1, limitOf(5, 60, 8))).toBe(true);
    expect(isOutdatedAfter(stateOf(limit, 6), 12, limit)).toBe(true);
    expect(isOutdatedAfter(stateOf(limit, 6), 0, limitOf(5, 60, 3))).toBe(true);
    expect(isOutdatedAfter(stateOf(limit, 6), 0, limitOf(5, 60, 6))).toBe(true);
    expect(isOutdatedAfter(stateOf(limit, 5), 0, limitOf(5, 60, 6))).toBe(false);
  });

  it("is kept until it is full, and a smaller burst does not let it be forgotten sooner (D11)", () => {
    expect(keptMicros(stateOf(limit, 7), limit, START)).toBe(0);
    expect(keptMicros(stateOf(limit, 6), limit, START)).toBe(12);
    const smaller = limitOf(5, 60, 3);
    const cut = refill(stateOf(limit, 6), smaller, START);
    expect(cut).toMatchObject({ tokens: 3, burst: 7 });
    expect(keptMicros(cut, smaller, START)).toBe(48);
    expect(refill(cut, smaller, START + 47)).toMatchObject({ tokens: 3, burst: 7 });
    expect(refill(cut, smaller, START + 48)).toMatchObject({ tokens: 3, burst: 3 });
    expect(refill(cut, limit, START)).toMatchObject({ tokens: 3, burst: 7 });
  });

  it("is kept until the largest burst is full that it was asked for (D11)", () => {
    const larger = limitOf(5, 60, 100);
    const grown = refill(stateOf(limit, 6), larger, START);
    expect(grown).toMatchObject({ tokens: 6, burst: 100 });
    expect(keptMicros(refill(grown, limit, START), limit, START)).toBe(94 * 12);
  });

  it("is not kept for ever when its rule becomes a ban", () => {
    const ban = limitOf(0, 60, 0);
    const banned = refill(stateOf(limit, 2), ban, START);
    expect(banned).toMatchObject({ tokens: 0, tokensPerPeriod: 5, burst: 7 });
    expect(keptMicros(banned, ban, START)).toBe(84);
    expect(keptMicros(stateOf(limitOf(0, 60, 7), 2), limitOf(0, 60, 7), START)).toBe(Number.POSITIVE_INFINITY);
  });
});
