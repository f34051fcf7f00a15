import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MAX_HITS, type TokenBucketLimit } from "../../../src/limits/limit.js";
import {
  type BucketState,
  fits,
  microsUntil,
  neverFits,
  refill,
  refund,
  settle,
} from "../../../src/limits/token-bucket.js";
import { arbitraryRefillingLimit, ofAnySize } from "../../support/model/arbitrary-limits.js";

const START = 1_795_392_000_000_000;
const HORIZON = 20 * 365 * 86_400 * 1_000_000;

function limitOf(tokensPerPeriod: number, periodMicros: number, burst: number, maxDebt = burst): TokenBucketLimit {
  return { tokensPerPeriod, periodMicros, burst, maxDebt };
}

function stateOf(limit: TokenBucketLimit, tokens: number, remainder = 0): BucketState {
  return { atMicros: START, tokens, remainder, tokensPerPeriod: limit.tokensPerPeriod, pending: [] };
}

/** A limit and a bucket somewhere between its deepest debt and full. */
const arbitraryBucket = arbitraryRefillingLimit.chain((limit) =>
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
    fc.assert(property, { numRuns: 500 });
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
    fc.assert(property, { numRuns: 2_000 });
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
  function admittedBySum(limit: TokenBucketLimit, requests: readonly { wait: number; hits: number }[]): boolean[] {
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
    const history = arbitraryRefillingLimit.chain((limit) => {
      const perToken = Math.max(1, Math.ceil(limit.periodMicros / limit.tokensPerPeriod));
      const wait = fc.oneof(fc.nat(3), fc.nat({ max: Math.min(3 * perToken, HORIZON / 40) }));
      const hits = fc.oneof(fc.nat(3), ofAnySize(Math.max(1, Math.ceil(limit.burst * 1.1))));
      const requests = fc.array(fc.record({ wait, hits }), { minLength: 1, maxLength: 40, size: "max" });
      return fc.record({ limit: fc.constant(limit), requests });
    });
    const property = fc.property(history, ({ limit, requests }) => {
      let now = START;
      let bucket: BucketState | undefined;
      const admitted = requests.map(({ wait, hits }) => {
        now += wait;
        const refilled = refill(bucket, limit, now);
        const fitting = fits(refilled.tokens, hits);
        if (fitting) bucket = { ...refilled, tokens: refilled.tokens - hits };
        return fitting;
      });
      expect(admitted).toEqual(admittedBySum(limit, requests));
    });
    fc.assert(property, { numRuns: 500 });
  });

  it("refuses until exactly the promised microsecond, and admits at it (D3)", () => {
    const property = fc.property(arbitraryBucket, ofAnySize(10 ** 15), ({ limit, state }, wish) => {
      const hits = wish % (limit.burst + 1);
      const promised = microsUntil(hits, state.tokens, state.remainder, limit);
      if (promised === 0) {
        expect(fits(state.tokens, hits)).toBe(true);
        return;
      }
      // Clocks are exact up to the year 2255.
      fc.pre(START + promised <= Number.MAX_SAFE_INTEGER);
      expect(fits(refill(state, limit, START + promised - 1).tokens, hits)).toBe(false);
      expect(fits(refill(state, limit, START + promised).tokens, hits)).toBe(true);
    });
    fc.assert(property, { numRuns: 1_000 });
  });
});

describe("microsUntil", () => {
  it("is 0 for tokens that are there, and never less", () => {
    expect(microsUntil(3, 3, 0, limitOf(1, 60, 5))).toBe(0);
    expect(microsUntil(0, 3, 0, limitOf(1, 60, 5))).toBe(0);
  });

  it("is Infinity for more than the burst, and without a refill", () => {
    expect(microsUntil(6, 5, 0, limitOf(1, 60, 5))).toBe(Number.POSITIVE_INFINITY);
    expect(microsUntil(2, 1, 0, limitOf(0, 60, 5))).toBe(Number.POSITIVE_INFINITY);
  });

  it("stays finite and near the truth beyond what a clock can count", () => {
    const limit = limitOf(1, 2 ** 50, 10 ** 15);
    expect(microsUntil(10 ** 15, -(10 ** 15), 0, limit)).toBeCloseTo(2 * 10 ** 15 * 2 ** 50, -20);
  });
});

describe("settle", () => {
  it("takes a cost down to the debt allowed, and no further (D5)", () => {
    const limit = limitOf(1, 60, 10, 4);
    expect([0, 3, 10, 14, 15, MAX_HITS].map((hits) => settle(10, hits, limit))).toEqual([10, 7, 0, -4, -4, -4]);
  });

  it("leaves a bucket alone that is deeper in debt already (D11)", () => {
    expect(settle(-9, 5, limitOf(1, 60, 10, 4))).toBe(-9);
  });

  it("comes to 0 and not to -0 where no debt is allowed", () => {
    expect(Object.is(settle(3, 9, limitOf(1, 60, 10, 0)), 0)).toBe(true);
  });
});

describe("refund", () => {
  it("gives back up to the burst, out of a debt too (D8)", () => {
    const limit = limitOf(1, 60, 10);
    expect([refund(2, 3, limit), refund(2, 9, limit), refund(-8, 9, limit), refund(2, MAX_HITS, limit)]).toEqual([
      5, 10, 1, 10,
    ]);
  });
});

describe("neverFits", () => {
  it("is true for more hits than the burst, but not for a ban (D14)", () => {
    expect(neverFits(6, limitOf(1, 60, 5))).toBe(true);
    expect(neverFits(5, limitOf(1, 60, 5))).toBe(false);
    expect(neverFits(6, limitOf(0, 60, 0))).toBe(false);
  });

  it("agrees with what a bucket promises (D14)", () => {
    const property = fc.property(arbitraryBucket, ofAnySize(MAX_HITS), ({ limit, state }, hits) => {
      expect(neverFits(hits, limit)).toBe(microsUntil(hits, state.tokens, state.remainder, limit) === Infinity);
    });
    fc.assert(property, { numRuns: 500 });
  });
});
