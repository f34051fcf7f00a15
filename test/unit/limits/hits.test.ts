import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { arithmeticOf } from "../../../src/limits/algorithms.js";
import { fits, neverFits, settle } from "../../../src/limits/hits.js";
import { type Algorithm, type BucketLimit, MAX_HITS } from "../../../src/limits/limit.js";
import { arbitraryRefillingLimit, ofAnySize } from "../../support/model/arbitrary-limits.js";
import { runs } from "../../support/property-runs.js";

const START = 1_795_392_000_000_000;

function limitOf(burst: number, maxDebt = burst): BucketLimit {
  return { algorithm: "token_bucket", tokensPerPeriod: 1, periodMicros: 60, burst, maxDebt };
}

describe("fits", () => {
  it("is true for as many hits as there are tokens, and for none but in a debt (D2)", () => {
    expect([fits(5, 5), fits(5, 6), fits(0, 0), fits(-1, 0), fits(1, MAX_HITS)]).toEqual([
      true,
      false,
      true,
      false,
      false,
    ]);
  });
});

describe("settle", () => {
  it("takes a cost down to the debt allowed, and no further (D5)", () => {
    const limit = limitOf(10, 4);
    expect([0, 3, 10, 14, 15, MAX_HITS].map((hits) => settle(10, hits, limit))).toEqual([10, 7, 0, -4, -4, -4]);
  });

  it("leaves a bucket alone that is deeper in debt already (D11)", () => {
    expect(settle(-9, 5, limitOf(10, 4))).toBe(-9);
  });

  it("comes to 0 and not to -0 where no debt is allowed", () => {
    expect(Object.is(settle(3, 9, limitOf(10, 0)), 0)).toBe(true);
  });
});

describe("neverFits", () => {
  it("is true for more hits than the burst, but not for a ban (D14)", () => {
    expect(neverFits(6, limitOf(5))).toBe(true);
    expect(neverFits(5, limitOf(5))).toBe(false);
    expect(neverFits(6, limitOf(0))).toBe(false);
  });

  for (const algorithm of ["token_bucket", "fixed_window", "sliding_window"] satisfies Algorithm[]) {
    it(`agrees with what a ${algorithm} promises (D14)`, () => {
      const { refill, microsUntil } = arithmeticOf(algorithm);
      const limits = arbitraryRefillingLimit(algorithm);
      const property = fc.property(limits, fc.nat(), ofAnySize(MAX_HITS), (limit, left, hits) => {
        const full = refill(undefined, limit, START);
        const tokens = (left % (limit.burst + limit.maxDebt + 1)) - limit.maxDebt;
        const promised = microsUntil(hits, tokens, full, limit, START);
        expect(neverFits(hits, limit)).toBe(promised === Number.POSITIVE_INFINITY);
      });
      fc.assert(property, { numRuns: runs(500) });
    });
  }
});
