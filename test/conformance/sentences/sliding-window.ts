import { beforeEach, expect, it } from "vitest";
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
  YEAR,
} from "../store-harness.js";

const perMinute = (burst: number, maxDebt = burst) => perWindow("sliding_window", burst, MINUTE, maxDebt);
/** Its slots are seconds. */
const LIMIT = perMinute(10, 30);

/** At most the limit in any period: D2 to D5, D8, D11 and D14. */
export function describeSlidingWindow(harness: () => StoreHarness): void {
  beforeEach(() => startPeriod(harness(), MINUTE));

  it("admits the limit, and more only when the whole slot of the first hits is a period ago", async () => {
    const key = harness().freshKey();
    await harness().decide([take(key, LIMIT, 4)]);
    await harness().advance(30 * SECOND);
    expect(await isAdmitted(harness(), take(key, LIMIT, 6))).toBe(true);
    const refused = await outcomeOf(harness(), take(key, LIMIT, 3));
    expect(refused).toMatchObject({
      fits: false,
      tokens: 0,
      untilFitsMicros: 31 * SECOND,
      untilFullMicros: 61 * SECOND,
    });
    await harness().advance(31 * SECOND - 1);
    expect(await isAdmitted(harness(), take(key, LIMIT, 1))).toBe(false);
    await harness().advance(1);
    expect(await tokensOf(harness(), key, LIMIT)).toBe(4);
    expect(await isAdmitted(harness(), take(key, LIMIT, 4))).toBe(true);
    expect(await isAdmitted(harness(), take(key, LIMIT, 1))).toBe(false);
  });

  it("never has twice the limit around the turn of a period, as fixed windows have", async () => {
    const key = harness().freshKey();
    await harness().advance(MINUTE - 1);
    expect(await isAdmitted(harness(), take(key, LIMIT, 10))).toBe(true);
    await harness().advance(1);
    expect(await isAdmitted(harness(), take(key, LIMIT, 1))).toBe(false);
  });

  for (const periodMicros of [SECOND, HOUR, YEAR, 7 * SECOND + 1, 60]) {
    it(`promises the start of the 61st slot after this one, for a period of ${periodMicros} us`, async () => {
      const key = harness().freshKey();
      const limit = perWindow("sliding_window", 3, periodMicros);
      const [now, period] = [BigInt(harness().nowMicros()), BigInt(periodMicros)];
      const start = (((now * 60n) / period + 61n) * period + 59n) / 60n;
      const untilFitsMicros = Number(start - now);
      expect(await outcomeOf(harness(), take(key, limit, 3))).toMatchObject({ fits: true, tokens: 0, untilFitsMicros });
      await harness().advance(untilFitsMicros - 1);
      expect(await outcomeOf(harness(), take(key, limit, 1))).toMatchObject({ fits: false, untilFitsMicros: 1 });
      await harness().advance(1);
      expect(await isAdmitted(harness(), take(key, limit, 3))).toBe(true);
    });
  }

  it("gives tokens back slot by slot", async () => {
    const key = harness().freshKey();
    const wide = perMinute(61);
    for (let i = 0; i < 61; i++) {
      expect(await isAdmitted(harness(), take(key, wide, 1))).toBe(true);
      await harness().advance(SECOND);
    }
    for (let i = 0; i < 61; i++) {
      expect(await outcomeOf(harness(), take(key, wide, 1)), `${i}`).toMatchObject({ fits: true, tokens: 0 });
      expect(await outcomeOf(harness(), take(key, wide, 1)), `${i}`).toMatchObject({ fits: false });
      await harness().advance(SECOND);
    }
  });

  it("keeps a debt until what made it is a period ago (D5)", async () => {
    const key = harness().freshKey();
    await harness().decide([peek(key, LIMIT), take(key, LIMIT, 6)]);
    await harness().advance(20 * SECOND);
    const reported = await outcomeOf(harness(), report(key, LIMIT, 9));
    expect(reported).toMatchObject({ fits: false, settled: true, tokens: -5, untilFullMicros: 61 * SECOND });
    const refused = await outcomeOf(harness(), peek(key, LIMIT));
    expect(refused).toMatchObject({ fits: false, tokens: -5, untilFitsMicros: 41 * SECOND });
    await harness().advance(41 * SECOND);
    expect(await outcomeOf(harness(), peek(key, LIMIT))).toMatchObject({ fits: true, tokens: 1 });
  });

  it("gives refunds to the newest slots first, so that the old ones leave when they were due (D8)", async () => {
    const key = harness().freshKey();
    await harness().decide([take(key, LIMIT, 5)]);
    await harness().advance(30 * SECOND);
    await harness().decide([take(key, LIMIT, 3)]);
    const refunded = await outcomeOf(harness(), refund(key, LIMIT, 4));
    expect(refunded).toMatchObject({ fits: true, tokens: 6, untilFullMicros: 31 * SECOND });
    await harness().advance(31 * SECOND);
    expect(await tokensOf(harness(), key, LIMIT)).toBe(10);
  });

  it("books what a request takes beside its refund as taken now (D4, D8)", async () => {
    const key = harness().freshKey();
    await harness().decide([take(key, LIMIT, 5)]);
    await harness().advance(30 * SECOND);
    const { outcomes } = await harness().decide([take(key, LIMIT, 3), refund(key, LIMIT, 3)]);
    expect(outcomes[0]).toMatchObject({ fits: true, tokens: 5, untilFullMicros: 61 * SECOND });
    await harness().advance(31 * SECOND);
    expect(await tokensOf(harness(), key, LIMIT)).toBe(7);
  });

  it("refuses all hits where the limit is 0, for ever, and takes none where they never fit (D14)", async () => {
    const never = Number.POSITIVE_INFINITY;
    const [banned, small] = [harness().freshKey(), harness().freshKey()];
    const ban = await outcomeOf(harness(), take(banned, perMinute(0), 1));
    expect(ban).toMatchObject({ fits: false, tokens: 0, untilFullMicros: 0, untilFitsMicros: never });
    const wide = await outcomeOf(harness(), take(small, LIMIT, 11));
    expect(wide).toMatchObject({ fits: false, tokens: 10, untilFullMicros: 0, untilFitsMicros: never });
  });

  it("is not filled by a larger limit: what that adds comes with time (D11)", async () => {
    const key = harness().freshKey();
    await harness().decide([take(key, LIMIT, 7)]);
    await harness().advance(30 * SECOND);
    expect(await tokensOf(harness(), key, perMinute(100))).toBe(3);
    await harness().advance(31 * SECOND);
    expect(await tokensOf(harness(), key, perMinute(100))).toBe(10);
    await harness().advance(30 * SECOND);
    expect(await tokensOf(harness(), key, perMinute(100))).toBe(100);
  });

  it("is cut by a smaller limit, for good (D11)", async () => {
    const key = harness().freshKey();
    await harness().decide([take(key, LIMIT, 1)]);
    await harness().advance(10 * SECOND);
    expect(await tokensOf(harness(), key, perMinute(4))).toBe(4);
    expect(await tokensOf(harness(), key, LIMIT)).toBe(4);
    await harness().advance(61 * SECOND - 1);
    expect(await tokensOf(harness(), key, LIMIT)).toBe(4);
    await harness().advance(1);
    expect(await tokensOf(harness(), key, LIMIT)).toBe(10);
  });

  it("does not count the time that it was full when its limit grows later (D11)", async () => {
    const key = harness().freshKey();
    // A pending charge keeps the full bucket.
    await harness().decide([peek(key, LIMIT), take(key, LIMIT, 10)]);
    await harness().advance(5 * MINUTE);
    expect(await tokensOf(harness(), key, LIMIT)).toBe(10);
    expect(await tokensOf(harness(), key, perMinute(1_000))).toBe(10);
  });

  it("adds nothing when the clock steps back, and counts from the new time on (D11)", async () => {
    const key = harness().freshKey();
    await harness().decide([take(key, LIMIT, 5)]);
    await harness().advance(20 * SECOND);
    await harness().decide([take(key, LIMIT, 3)]);
    await harness().advance(-HOUR);
    const refused = await outcomeOf(harness(), take(key, LIMIT, 3));
    expect(refused).toMatchObject({ fits: false, tokens: 2, untilFitsMicros: 41 * SECOND });
    await harness().advance(41 * SECOND - 1);
    expect(await isAdmitted(harness(), take(key, LIMIT, 3))).toBe(false);
    await harness().advance(1);
    expect(await tokensOf(harness(), key, LIMIT)).toBe(7);
  });

  it("does not give time twice when the clock steps back and forth (D11)", async () => {
    const key = harness().freshKey();
    await harness().decide([take(key, LIMIT, 10)]);
    await harness().advance(-30 * SECOND);
    expect(await isAdmitted(harness(), take(key, LIMIT, 1))).toBe(false);
    await harness().advance(61 * SECOND - 1);
    expect(await isAdmitted(harness(), take(key, LIMIT, 1))).toBe(false);
    await harness().advance(1);
    expect(await isAdmitted(harness(), take(key, LIMIT, 10))).toBe(true);
  });
}
