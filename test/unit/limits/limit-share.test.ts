import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Algorithm, type BucketLimit, MAX_PERIOD_MICROS } from "../../../src/limits/limit.js";
import { shareOfLimit } from "../../../src/limits/limit-share.js";
import { arbitraryRefillingLimit } from "../../support/model/arbitrary-limits.js";
import { fullLevel } from "../../support/model/bucket-level.js";
import { runs } from "../../support/property-runs.js";

const SECOND = 1_000_000;
const LIMIT: BucketLimit = {
  algorithm: "token_bucket",
  tokensPerPeriod: 10,
  periodMicros: SECOND,
  burst: 30,
  maxDebt: 50,
};

const arbitraryShare = fc.oneof(
  fc.constantFrom(1, 0.5, 0.25, 0.2, 0.1, 0.29, 0.001, 1 / 3),
  fc.double({ min: 1e-4, max: 1, noNaN: true }),
);

describe("the share of a limit", () => {
  it("of 1 is the limit itself", () => {
    expect(shareOfLimit(LIMIT, 1)).toBe(LIMIT);
  });

  it("of a token bucket is so much of its burst and debt, and its rate over a longer period", () => {
    expect(shareOfLimit(LIMIT, 0.25)).toEqual({ ...LIMIT, periodMicros: 4 * SECOND, burst: 7, maxDebt: 12 });
  });

  it.each<Algorithm>(["fixed_window", "sliding_window"])("of a %s is so much of its hits", (algorithm) => {
    const limit = { ...LIMIT, algorithm, tokensPerPeriod: 30 };
    expect(shareOfLimit(limit, 0.25)).toEqual({ ...limit, tokensPerPeriod: 7, burst: 7, maxDebt: 12 });
  });

  it("is what people mean by it, though 0.29 is a little less as a double", () => {
    expect(shareOfLimit({ ...LIMIT, burst: 100 }, 0.29).burst).toBe(29);
  });

  it("lets at least 1 through, but for a ban and a debt that was not allowed", () => {
    expect(shareOfLimit({ ...LIMIT, burst: 3, maxDebt: 3 }, 0.1)).toMatchObject({ burst: 1, maxDebt: 0 });
    expect(shareOfLimit({ ...LIMIT, burst: 0, tokensPerPeriod: 0, maxDebt: 0 }, 0.1)).toMatchObject({
      burst: 0,
      tokensPerPeriod: 0,
      maxDebt: 0,
    });
    const window = { ...LIMIT, algorithm: "fixed_window" as const };
    expect(shareOfLimit({ ...window, burst: 0, tokensPerPeriod: 0 }, 0.1)).toMatchObject({
      burst: 0,
      tokensPerPeriod: 0,
    });
  });

  it("brings less where its period would be longer than any", () => {
    const slow = { ...LIMIT, tokensPerPeriod: 1_000, periodMicros: MAX_PERIOD_MICROS / 2 };
    expect(shareOfLimit(slow, 0.25)).toMatchObject({ tokensPerPeriod: 500, periodMicros: MAX_PERIOD_MICROS });
  });

  it("never brings more than so much in a period, and one, nor much less", () => {
    const property = fc.property(arbitraryRefillingLimit("token_bucket"), arbitraryShare, (limit, share) => {
      const scaled = shareOfLimit(limit, share);
      const roomy = { ...scaled, burst: 2 ** 40 };
      const empty = fullLevel(roomy).at(0n, roomy).take(BigInt(roomy.burst));
      const brought = Number(empty.at(BigInt(limit.periodMicros), roomy).tokens);
      const due = limit.tokensPerPeriod * share;
      expect(brought).toBeLessThanOrEqual(due * (1 + 1e-12) + 1);
      // Rounded down twice where its period is as long as can be.
      expect(brought).toBeGreaterThanOrEqual(due * (1 - 2e-6) - 2);
      expectPart(scaled.burst, limit.burst, share, 1);
      expectPart(scaled.maxDebt, limit.maxDebt, share, 0);
      expect(scaled.periodMicros).toBeLessThanOrEqual(MAX_PERIOD_MICROS);
    });
    fc.assert(property, { numRuns: runs(2_000) });
  });

  it.each<Algorithm>(["fixed_window", "sliding_window"])(
    "of a %s keeps its period and never exceeds it",
    (algorithm) => {
      const property = fc.property(arbitraryRefillingLimit(algorithm), arbitraryShare, (limit, share) => {
        const scaled = shareOfLimit(limit, share);
        expect(scaled).toMatchObject({ algorithm, periodMicros: limit.periodMicros });
        expectPart(scaled.burst, limit.burst, share, 1);
      });
      fc.assert(property, { numRuns: runs(500) });
    },
  );
});

/** Whole, at most the share, down to `least` above it, and less than one below. */
function expectPart(part: number, whole: number, share: number, least: number): void {
  expect(Number.isSafeInteger(part)).toBe(true);
  expect(part).toBeLessThanOrEqual(Math.max(least, whole * share * (1 + 1e-12)));
  expect(part).toBeGreaterThan(whole * share * (1 - 1e-12) - 1);
}
