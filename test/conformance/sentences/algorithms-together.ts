import { beforeEach, expect, it } from "vitest";
import type { BucketLimit } from "../../../src/limits/limit.js";
import {
  ALGORITHMS,
  MINUTE,
  outcomeOf,
  peek,
  perWindow,
  refund,
  report,
  type StoreHarness,
  startPeriod,
  take,
  tokensOf,
} from "../store-harness.js";

const LIMITS = ALGORITHMS.map((algorithm) => perWindow(algorithm, 10, MINUTE));

/** What holds for each algorithm, and D4 over buckets that count differently. */
export function describeAlgorithmsTogether(harness: () => StoreHarness): void {
  beforeEach(() => startPeriod(harness(), MINUTE));

  function buckets() {
    return LIMITS.map((limit) => ({ limit, key: harness().freshKey() }));
  }

  for (const { algorithm, ...limit } of LIMITS) {
    it(`gives no more to a rule and an override in turns than to the larger one, by ${algorithm} (D9, D11)`, async () => {
      const key = harness().freshKey();
      const [rule, override] = [limit, { ...limit, burst: 4 }].map((each) => ({ ...each, algorithm }));
      const turns = [rule, override, rule, override, rule, override, rule, override] as BucketLimit[];
      // 10, cut to 4 by the first override.
      const tokens: number[] = [];
      for (const turn of turns) tokens.push((await outcomeOf(harness(), take(key, turn))).tokens);
      expect(tokens).toEqual([9, 3, 2, 1, 0, 0, 0, 0]);
    });

    it(`does not forget a bucket that a refund under a smaller burst makes full, by ${algorithm} (D8, D11)`, async () => {
      const key = harness().freshKey();
      const [rule, override] = [
        { ...limit, algorithm },
        { ...limit, algorithm, burst: 4 },
      ];
      await harness().decide([take(key, rule, 9)]);
      expect(await outcomeOf(harness(), refund(key, override, 9))).toMatchObject({ tokens: 4 });
      expect(await tokensOf(harness(), key, rule)).toBe(4);
    });
  }

  it("charges limits of all algorithms in one request (D4)", async () => {
    const all = buckets();
    const { admitted, outcomes } = await harness().decide(all.map(({ key, limit }, i) => take(key, limit, i + 1)));
    expect(admitted).toBe(true);
    expect(outcomes.map(({ tokens }) => tokens)).toEqual([9, 8, 7]);
    for (const [i, { key, limit }] of all.entries()) expect(await tokensOf(harness(), key, limit)).toBe(9 - i);
  });

  for (const refusing of [0, 1, 2]) {
    it(`charges none of them when the ${ALGORITHMS[refusing]} refuses (D4)`, async () => {
      const all = buckets();
      const charges = all.map(({ key, limit }, i) => take(key, limit, i === refusing ? 11 : 1));
      const { admitted, outcomes } = await harness().decide(charges);
      expect(admitted).toBe(false);
      expect(outcomes.map(({ fits, tokens }) => [fits, tokens])).toEqual(all.map((_, i) => [i !== refusing, 10]));
      for (const { key, limit } of all) expect(await tokensOf(harness(), key, limit)).toBe(10);
    });
  }

  it("gives refunds and takes reported costs of a refused request, whatever the algorithm (D5, D8)", async () => {
    const [back, settled] = [buckets(), buckets()];
    await harness().decide([
      ...back.map(({ key, limit }) => take(key, limit, 10)),
      ...settled.map(({ key, limit }) => peek(key, limit)),
    ]);
    const { admitted, outcomes } = await harness().decide([
      ...settled.map(({ key, limit }) => report(key, limit, 13)),
      ...back.map(({ key, limit }) => refund(key, limit, 4)),
    ]);
    expect(admitted).toBe(false);
    expect(outcomes.map(({ tokens }) => tokens)).toEqual([-3, -3, -3, 4, 4, 4]);
    for (const { key, limit } of settled) {
      expect(await outcomeOf(harness(), take(key, limit, 0, "shadow"))).toMatchObject({ fits: false, tokens: -3 });
    }
    for (const { key, limit } of back) expect(await tokensOf(harness(), key, limit)).toBe(4);
  });
}
