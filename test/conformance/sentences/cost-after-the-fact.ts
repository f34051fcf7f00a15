import { beforeEach, expect, it } from "vitest";
import type { Algorithm } from "../../../src/limits/limit.js";
import {
  HOUR,
  isAdmitted,
  MINUTE,
  outcomeOf,
  peek,
  perWindow,
  refund,
  report,
  SECOND,
  type StoreHarness,
  startPeriod,
  take,
  tokensOf,
} from "../store-harness.js";

/** How long the suite's stores keep pending charges in these sentences. */
export const SHORT_LAPSE_MICROS = 20 * SECOND;

/** When 12 hits into 10 tokens a minute are out of debt, and when all are back, from the start of a minute on. */
const OUT_OF_DEBT: Readonly<Record<Algorithm, { untilFitsMicros: number; untilFullMicros: number }>> = {
  token_bucket: { untilFitsMicros: 12 * SECOND, untilFullMicros: 72 * SECOND },
  fixed_window: { untilFitsMicros: MINUTE, untilFullMicros: 2 * MINUTE },
  sliding_window: { untilFitsMicros: 61 * SECOND, untilFullMicros: 61 * SECOND },
};

/** D5: a peek now, the cost when it is known. */
export function describeCostAfterTheFact(harness: () => StoreHarness, algorithm: Algorithm): void {
  const perMinute = (burst: number, maxDebt: number) => perWindow(algorithm, burst, MINUTE, maxDebt);
  const LIMIT = perMinute(10, 20);

  beforeEach(() => startPeriod(harness(), MINUTE));

  it("takes a reported cost in full after a peek, into debt, and says that it did not fit (D5)", async () => {
    const key = harness().freshKey();
    expect(await outcomeOf(harness(), peek(key, LIMIT))).toMatchObject({ fits: true, settled: false, tokens: 10 });
    const verdict = await harness().decide([report(key, LIMIT, 15)]);
    expect(verdict).toMatchObject({ admitted: false, outcomes: [{ fits: false, settled: true, tokens: -5 }] });
    expect(await tokensOf(harness(), key, LIMIT)).toBe(-5);
  });

  it("admits a reported cost that fits (D5)", async () => {
    const key = harness().freshKey();
    await harness().decide([peek(key, LIMIT)]);
    const verdict = await harness().decide([report(key, LIMIT, 4)]);
    expect(verdict).toMatchObject({ admitted: true, outcomes: [{ fits: true, settled: true, tokens: 6 }] });
  });

  it("takes a reported cost without a peek only when it fits (D5)", async () => {
    const key = harness().freshKey();
    expect(await outcomeOf(harness(), report(key, LIMIT, 11))).toMatchObject({
      fits: false,
      settled: false,
      tokens: 10,
    });
    expect(await outcomeOf(harness(), report(key, LIMIT, 10))).toMatchObject({ fits: true, settled: false, tokens: 0 });
  });

  it("makes no debt by plain hits, though a peek is pending (D5)", async () => {
    const key = harness().freshKey();
    await harness().decide([peek(key, LIMIT)]);
    expect(await outcomeOf(harness(), take(key, LIMIT, 11))).toMatchObject({ fits: false, settled: false, tokens: 10 });
    expect(await outcomeOf(harness(), report(key, LIMIT, 11))).toMatchObject({ settled: true, tokens: -1 });
  });

  it("lets each peek pay for one report (D5)", async () => {
    const key = harness().freshKey();
    for (let i = 0; i < 3; i++) await harness().decide([peek(key, LIMIT)]);
    const settled: boolean[] = [];
    for (let i = 0; i < 4; i++) settled.push((await outcomeOf(harness(), report(key, LIMIT, 4))).settled);
    expect(settled).toEqual([true, true, true, false]);
    expect(await tokensOf(harness(), key, LIMIT)).toBe(-2);
  });

  it("counts the peeks and reports of one request one by one (D5)", async () => {
    const key = harness().freshKey();
    await harness().decide([peek(key, LIMIT), peek(key, LIMIT)]);
    const { outcomes } = await harness().decide([report(key, LIMIT, 9), report(key, LIMIT, 9), report(key, LIMIT, 9)]);
    expect(outcomes.map(({ fits, settled, tokens }) => [fits, settled, tokens])).toEqual([
      [true, true, 1],
      [false, true, -8],
      [false, false, -8],
    ]);
  });

  it("takes reported costs down to max_debt and no further (D5)", async () => {
    const key = harness().freshKey();
    const shallow = perMinute(10, 3);
    await harness().decide([peek(key, shallow), peek(key, shallow)]);
    expect(await outcomeOf(harness(), report(key, shallow, 1_000_000))).toMatchObject({ settled: true, tokens: -3 });
    expect(await outcomeOf(harness(), report(key, shallow, 1))).toMatchObject({ settled: true, tokens: -3 });
  });

  it("owes nothing where max_debt is 0 (D5)", async () => {
    const key = harness().freshKey();
    const none = perMinute(10, 0);
    await harness().decide([peek(key, none)]);
    const outcome = await outcomeOf(harness(), report(key, none, 11));
    expect(outcome).toMatchObject({ fits: false, settled: true, tokens: 0 });
  });

  it("keeps a debt where it is when max_debt becomes smaller (D11)", async () => {
    const key = harness().freshKey();
    await harness().decide([peek(key, LIMIT), peek(key, LIMIT)]);
    await harness().decide([report(key, LIMIT, 25)]);
    const smaller = perMinute(10, 2);
    expect(await outcomeOf(harness(), report(key, smaller, 1))).toMatchObject({ settled: true, tokens: -15 });
  });

  it("refuses peeks of a bucket in debt until exactly the moment it promised (D2, D5)", async () => {
    const key = harness().freshKey();
    await harness().decide([peek(key, LIMIT)]);
    await harness().decide([report(key, LIMIT, 12)]);
    const refused = await outcomeOf(harness(), peek(key, LIMIT));
    expect(refused).toMatchObject({ fits: false, tokens: -2, ...OUT_OF_DEBT[algorithm] });
    await harness().advance(refused.untilFitsMicros - 1);
    expect(await isAdmitted(harness(), peek(key, LIMIT))).toBe(false);
    await harness().advance(1);
    expect(await isAdmitted(harness(), peek(key, LIMIT))).toBe(true);
  });

  it("leaves no pending charge when the peek's request is refused, so that its cost starves nobody (D5)", async () => {
    const [peeked, other] = [harness().freshKey(), harness().freshKey()];
    expect((await harness().decide([peek(peeked, LIMIT), take(other, LIMIT, 11)])).admitted).toBe(false);
    expect(await outcomeOf(harness(), report(peeked, LIMIT, 15))).toMatchObject({ settled: false, tokens: 10 });
  });

  it("takes a reported cost whatever other limits decide, and nothing else of a refused request (D5)", async () => {
    const [a, b] = [harness().freshKey(), harness().freshKey()];
    await harness().decide([peek(a, LIMIT)]);
    const charges = [take(a, LIMIT, 1), report(a, LIMIT, 4), take(b, LIMIT, 11)];
    const { admitted, outcomes } = await harness().decide(charges);
    expect(admitted).toBe(false);
    expect(outcomes.map(({ fits, settled, tokens }) => [fits, settled, tokens])).toEqual([
      [true, false, 10],
      [true, true, 6],
      [false, false, 10],
    ]);
    expect(await outcomeOf(harness(), report(a, LIMIT, 7))).toMatchObject({ settled: false, tokens: 6 });
  });

  it("pays a debt back by a refund (D8)", async () => {
    const key = harness().freshKey();
    await harness().decide([peek(key, LIMIT)]);
    await harness().decide([report(key, LIMIT, 30)]);
    expect(await outcomeOf(harness(), refund(key, LIMIT, 21))).toMatchObject({ fits: true, tokens: 1 });
    expect(await isAdmitted(harness(), take(key, LIMIT, 1))).toBe(true);
  });

  it("keeps a pending charge until it lapses, though the bucket is full (D5)", async () => {
    const key = harness().freshKey();
    await harness().decide([peek(key, LIMIT)]);
    await harness().advance(SHORT_LAPSE_MICROS - 1);
    expect(await outcomeOf(harness(), report(key, LIMIT, 11))).toMatchObject({ settled: true, tokens: -1 });
  });

  it("forgets a pending charge soon after it lapsed (D5)", async () => {
    const key = harness().freshKey();
    await harness().decide([peek(key, LIMIT)]);
    await harness().advance(SHORT_LAPSE_MICROS / 2);
    await harness().decide([peek(key, LIMIT)]);
    // A sixteenth of the lapse is how far a store may round.
    await harness().advance(SHORT_LAPSE_MICROS / 2 + SHORT_LAPSE_MICROS / 16);
    expect(await outcomeOf(harness(), report(key, LIMIT, 11))).toMatchObject({ settled: true, tokens: -1 });
    expect(await outcomeOf(harness(), report(key, LIMIT, 1))).toMatchObject({ settled: false, tokens: -1 });
  });

  it("keeps thousands of pending charges on one bucket (D5)", async () => {
    const key = harness().freshKey();
    const wide = perWindow(algorithm, 10, HOUR, 10_000);
    for (let i = 0; i < 20; i++) {
      await harness().decide(Array.from({ length: 100 }, () => peek(key, wide)));
      await harness().advance(SHORT_LAPSE_MICROS / 40);
    }
    const reports = Array.from({ length: 2_001 }, () => report(key, wide, 1));
    const { outcomes } = await harness().decide(reports);
    expect(outcomes.filter(({ settled }) => settled)).toHaveLength(2_000);
    expect(outcomes.at(-1)).toMatchObject({ settled: false, fits: false, tokens: -1_990 });
  });
}
