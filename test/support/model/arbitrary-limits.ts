import fc from "fast-check";
import {
  type Algorithm,
  type BucketLimit,
  MAX_PERIOD_MICROS,
  MAX_TOKENS,
  MAX_TOKENS_PER_PERIOD,
} from "../../../src/limits/limit.js";

const SECOND = 1_000_000;
const UNIT_SECONDS = [1, 60, 3_600, 86_400, 604_800, 2_592_000, 31_536_000];

/** Whole numbers up to `max`, of all sizes: as many between 1 and 10 as between 10^9 and 10^10. */
export function ofAnySize(max: number): fc.Arbitrary<number> {
  return fc.integer({ min: 1, max: Math.floor(Math.log2(max)) + 1 }).chain((bits) => {
    const top = Math.min(max, 2 ** bits - 1);
    return fc.integer({ min: Math.min(2 ** (bits - 1), top), max: top });
  });
}

/** A unit times a multiplier, mostly 1, up to the longest period. */
const arbitraryPeriodMicros: fc.Arbitrary<number> = fc
  .constantFrom(...UNIT_SECONDS)
  .map((seconds) => seconds * SECOND)
  .chain((unit) =>
    fc.oneof(
      { weight: 3, arbitrary: fc.constant(unit) },
      { weight: 1, arbitrary: ofAnySize(Math.floor(MAX_PERIOD_MICROS / unit)).map((multiplier) => unit * multiplier) },
    ),
  );

const arbitraryRate = fc.oneof(
  { weight: 1, arbitrary: fc.constantFrom(1, 10_000_000, MAX_TOKENS_PER_PERIOD) },
  { weight: 2, arbitrary: fc.integer({ min: 1, max: 50 }) },
  { weight: 2, arbitrary: ofAnySize(MAX_TOKENS_PER_PERIOD) },
);

function withPeriod(
  algorithm: Algorithm,
  periodMicros: number,
  rates: fc.Arbitrary<number>,
): fc.Arbitrary<BucketLimit> {
  return rates.chain((tokensPerPeriod) => {
    const amount = fc.oneof(
      { weight: 2, arbitrary: fc.constant(tokensPerPeriod) },
      { weight: 3, arbitrary: fc.integer({ min: 1, max: 30 }) },
      { weight: 2, arbitrary: ofAnySize(MAX_TOKENS) },
    );
    const maxDebt = fc.oneof(amount, fc.constant(0));
    const amounts = fc.record({ burst: amount, maxDebt });
    return amounts.map((each) => ({ algorithm, tokensPerPeriod, periodMicros, ...each }));
  });
}

/** Limits that refill: from one a lifetime to thousands a microsecond. */
export function arbitraryRefillingLimit(algorithm: Algorithm): fc.Arbitrary<BucketLimit> {
  return arbitraryPeriodMicros.chain((period) => withPeriod(algorithm, period, arbitraryRate));
}

/** Limits of one bucket as reloads change them: the algorithm and the period, which are part of its identity, stay. */
export function arbitraryLimitVersions(algorithm: Algorithm): fc.Arbitrary<readonly BucketLimit[]> {
  return arbitraryPeriodMicros.chain((periodMicros) => {
    const rates = fc.oneof({ weight: 12, arbitrary: arbitraryRate }, { weight: 1, arbitrary: fc.constant(0) });
    const ban = fc.constant({ algorithm, tokensPerPeriod: 0, periodMicros, burst: 0, maxDebt: 0 });
    const version = fc.oneof(
      { weight: 12, arbitrary: withPeriod(algorithm, periodMicros, rates) },
      { weight: 1, arbitrary: ban },
    );
    return fc.array(version, { minLength: 1, maxLength: 3 });
  });
}
