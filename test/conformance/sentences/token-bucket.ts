import { expect, it } from "vitest";
import { MAX_HITS, MAX_TOKENS } from "../../../src/limits/limit.js";
import {
  HOUR,
  isAdmitted,
  MINUTE,
  outcomeOf,
  perPeriod,
  SECOND,
  type StoreHarness,
  take,
  tokensOf,
  YEAR,
} from "../store-harness.js";

const RATES = [
  { name: "one a year", limit: perPeriod(1, YEAR), hits: 1 },
  { name: "seven a minute", limit: perPeriod(7, MINUTE, 3), hits: 2 },
  { name: "a hundred in eleven hours", limit: perPeriod(100, 11 * HOUR, 5), hits: 3 },
  { name: "ten million a second", limit: perPeriod(10_000_000, SECOND, 20), hits: 15 },
];

/** D1 to D3 and D14: one bucket and time. */
export function describeTokenBucket(harness: () => StoreHarness): void {
  it("admits exactly the burst at once, counting down to 0 (D2, D3)", async () => {
    const key = harness().freshKey();
    const limit = perPeriod(5, MINUTE);
    for (const tokens of [4, 3, 2, 1, 0]) {
      const verdict = await harness().decide([take(key, limit)]);
      expect(verdict).toMatchObject({ admitted: true, outcomes: [{ fits: true, settled: false, tokens }] });
    }
    const refused = await harness().decide([take(key, limit)]);
    expect(refused).toMatchObject({ admitted: false, outcomes: [{ fits: false, settled: false, tokens: 0 }] });
  });

  it("takes as many tokens as there are hits, or none (D2)", async () => {
    const key = harness().freshKey();
    const limit = perPeriod(10, MINUTE);
    expect(await isAdmitted(harness(), take(key, limit, 7))).toBe(true);
    expect(await isAdmitted(harness(), take(key, limit, 4))).toBe(false);
    expect(await isAdmitted(harness(), take(key, limit, 3))).toBe(true);
  });

  for (const { name, limit, hits } of RATES) {
    it(`refuses until exactly the promised microsecond and admits at it, at ${name} (D3)`, async () => {
      const key = harness().freshKey();
      await harness().decide([take(key, limit, limit.burst)]);
      const refused = await outcomeOf(harness(), take(key, limit, hits));
      expect(refused.untilFitsMicros).toBe(Math.ceil((hits * limit.periodMicros) / limit.tokensPerPeriod));
      await harness().advance(refused.untilFitsMicros - 1);
      const tooEarly = await outcomeOf(harness(), take(key, limit, hits));
      expect(tooEarly).toMatchObject({ fits: false, untilFitsMicros: 1 });
      await harness().advance(1);
      expect(await isAdmitted(harness(), take(key, limit, hits))).toBe(true);
    });
  }

  it("is full exactly when it said it would be (D3)", async () => {
    const key = harness().freshKey();
    const limit = perPeriod(7, SECOND, 20);
    const { untilFullMicros } = await outcomeOf(harness(), take(key, limit, 13));
    expect(untilFullMicros).toBe(Math.ceil((13 * SECOND) / 7));
    await harness().advance(untilFullMicros - 1);
    expect(await isAdmitted(harness(), take(key, limit, 20))).toBe(false);
    await harness().advance(1);
    expect(await isAdmitted(harness(), take(key, limit, 20))).toBe(true);
  });

  it("never fills above the burst, however long it is left alone (D3)", async () => {
    const key = harness().freshKey();
    const limit = perPeriod(100, SECOND, 3);
    await harness().decide([take(key, limit, 2)]);
    await harness().advance(HOUR);
    expect(await tokensOf(harness(), key, limit)).toBe(3);
    expect(await isAdmitted(harness(), take(key, limit, 4))).toBe(false);
  });

  it("loses no fraction of a token to charges and refusals in between (D3)", async () => {
    const key = harness().freshKey();
    const limit = perPeriod(3, SECOND, 3);
    await harness().decide([take(key, limit, 3)]);
    let admitted = 0;
    // 40 steps of 0.1 s, which bring 0.3 tokens each: 12 in all.
    for (let i = 0; i < 40; i++) {
      await harness().advance(SECOND / 10);
      if (await isAdmitted(harness(), take(key, limit))) admitted += 1;
    }
    expect(admitted).toBe(12);
  });

  it("refuses all hits where the burst is 0, for ever", async () => {
    const key = harness().freshKey();
    const ban = perPeriod(0, MINUTE);
    const refused = await harness().decide([take(key, ban)]);
    expect(refused).toEqual({
      admitted: false,
      outcomes: [
        { fits: false, settled: false, tokens: 0, untilFullMicros: 0, untilFitsMicros: Number.POSITIVE_INFINITY },
      ],
    });
    await harness().advance(YEAR);
    expect(await isAdmitted(harness(), take(key, ban))).toBe(false);
  });

  it("never refills at a rate of 0", async () => {
    const key = harness().freshKey();
    const limit = perPeriod(0, SECOND, 2);
    await harness().decide([take(key, limit, 2)]);
    await harness().advance(YEAR);
    const never = Number.POSITIVE_INFINITY;
    expect(await outcomeOf(harness(), take(key, limit))).toMatchObject({
      tokens: 0,
      fits: false,
      untilFullMicros: never,
      untilFitsMicros: never,
    });
  });

  for (const hits of [6, MAX_HITS]) {
    it(`tells that ${hits} hits never fit into a burst of 5, and takes none (D14)`, async () => {
      const key = harness().freshKey();
      const limit = perPeriod(5, MINUTE);
      const refused = await outcomeOf(harness(), take(key, limit, hits));
      expect(refused).toMatchObject({ fits: false, tokens: 5, untilFullMicros: 0 });
      expect(refused.untilFitsMicros).toBe(Number.POSITIVE_INFINITY);
      expect(await isAdmitted(harness(), take(key, limit, 5))).toBe(true);
    });
  }

  it("counts the largest bucket to the token", async () => {
    const key = harness().freshKey();
    const limit = perPeriod(1, YEAR, MAX_TOKENS);
    expect(await outcomeOf(harness(), take(key, limit, 1))).toMatchObject({ tokens: MAX_TOKENS - 1 });
    expect(await outcomeOf(harness(), take(key, limit, MAX_TOKENS - 3))).toMatchObject({ fits: true, tokens: 2 });
    expect(await outcomeOf(harness(), take(key, limit, 3))).toMatchObject({ fits: false, tokens: 2 });
  });

  it("takes nothing for hits of 0, which fit into an empty bucket (D2)", async () => {
    const key = harness().freshKey();
    const limit = perPeriod(1, MINUTE);
    await harness().decide([take(key, limit)]);
    const empty = await outcomeOf(harness(), take(key, limit, 0));
    expect(empty).toMatchObject({ fits: true, tokens: 0, untilFullMicros: MINUTE, untilFitsMicros: 0 });
  });

  it("keeps buckets apart whose keys look alike (D12)", async () => {
    const stem = harness().freshKey();
    const odd = ["", " ", ":", "{a}", "{b}", "%20", "é", "e\u0301", "\u{1f6a6}", "\0", "\r\n", "*", "x".repeat(4_096)];
    const limit = perPeriod(1, MINUTE);
    for (const end of odd) expect(await isAdmitted(harness(), take(stem + end, limit)), end).toBe(true);
    for (const end of odd) expect(await isAdmitted(harness(), take(stem + end, limit)), end).toBe(false);
  });
}
