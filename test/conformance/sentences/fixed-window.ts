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

const perMinute = (burst: number, maxDebt = burst) => perWindow("fixed_window", burst, MINUTE, maxDebt);
const LIMIT = perMinute(10, 30);

/** Windows from the epoch: D2 to D5, D8, D11 and D14. */
export function describeFixedWindow(harness: () => StoreHarness): void {
  beforeEach(() => startPeriod(harness(), MINUTE));

  it("admits the limit in each window, and all of it again from its first microsecond", async () => {
    const key = harness().freshKey();
    await harness().advance(MINUTE - 1);
    expect(await isAdmitted(harness(), take(key, LIMIT, 10))).toBe(true);
    expect(await isAdmitted(harness(), take(key, LIMIT, 1))).toBe(false);
    await harness().advance(1);
    expect(await isAdmitted(harness(), take(key, LIMIT, 10))).toBe(true);
    expect(await isAdmitted(harness(), take(key, LIMIT, 1))).toBe(false);
  });

  for (const periodMicros of [SECOND, HOUR, YEAR, 7 * SECOND + 1]) {
    it(`promises the end of the window, counted from the epoch, for a period of ${periodMicros} us`, async () => {
      const key = harness().freshKey();
      const limit = perWindow("fixed_window", 3, periodMicros);
      const end = periodMicros - (harness().nowMicros() % periodMicros);
      const expected = { untilFitsMicros: end, untilFullMicros: end };
      expect(await outcomeOf(harness(), take(key, limit, 3))).toMatchObject({ fits: true, tokens: 0, ...expected });
      expect(await outcomeOf(harness(), take(key, limit, 2))).toMatchObject({ fits: false, tokens: 0, ...expected });
      await harness().advance(end - 1);
      expect(await isAdmitted(harness(), take(key, limit, 1))).toBe(false);
      await harness().advance(1);
      expect(await isAdmitted(harness(), take(key, limit, 3))).toBe(true);
    });
  }

  it("keeps nothing of a window for the next one", async () => {
    const key = harness().freshKey();
    await harness().decide([take(key, LIMIT, 1)]);
    await harness().advance(5 * MINUTE);
    expect(await tokensOf(harness(), key, LIMIT)).toBe(10);
    expect(await outcomeOf(harness(), take(key, LIMIT, 11))).toMatchObject({ fits: false, tokens: 10 });
  });

  it("pays a debt with the windows that follow (D5)", async () => {
    const key = harness().freshKey();
    await harness().decide([peek(key, LIMIT)]);
    await harness().advance(20 * SECOND);
    const reported = await outcomeOf(harness(), report(key, LIMIT, 35));
    expect(reported).toMatchObject({
      fits: false,
      settled: true,
      tokens: -25,
      untilFullMicros: 4 * MINUTE - 20 * SECOND,
    });
    expect(await outcomeOf(harness(), take(key, LIMIT, 5))).toMatchObject({
      untilFitsMicros: 3 * MINUTE - 20 * SECOND,
    });
    await harness().advance(3 * MINUTE - 20 * SECOND - 1);
    expect(await outcomeOf(harness(), take(key, LIMIT, 5))).toMatchObject({
      fits: false,
      tokens: -5,
      untilFitsMicros: 1,
    });
    await harness().advance(1);
    expect(await outcomeOf(harness(), take(key, LIMIT, 5))).toMatchObject({ fits: true, tokens: 0 });
  });

  it("gives a refund to the window that runs and to no other (D8)", async () => {
    const key = harness().freshKey();
    await harness().decide([take(key, LIMIT, 10)]);
    await harness().advance(MINUTE);
    expect(await outcomeOf(harness(), refund(key, LIMIT, 5))).toMatchObject({ fits: true, tokens: 10 });
    await harness().decide([take(key, LIMIT, 8)]);
    expect(await outcomeOf(harness(), refund(key, LIMIT, 5))).toMatchObject({ tokens: 7, untilFullMicros: MINUTE });
    expect(await isAdmitted(harness(), take(key, LIMIT, 8))).toBe(false);
  });

  it("refuses all hits where the limit is 0, for ever, and takes none where they never fit (D14)", async () => {
    const never = Number.POSITIVE_INFINITY;
    const [banned, small] = [harness().freshKey(), harness().freshKey()];
    const ban = await outcomeOf(harness(), take(banned, perMinute(0), 1));
    expect(ban).toMatchObject({ fits: false, tokens: 0, untilFullMicros: 0, untilFitsMicros: never });
    const wide = await outcomeOf(harness(), take(small, LIMIT, 11));
    expect(wide).toMatchObject({ fits: false, tokens: 10, untilFullMicros: 0, untilFitsMicros: never });
  });

  it("is not filled by a larger limit, but for the next window (D11)", async () => {
    const key = harness().freshKey();
    await harness().decide([take(key, LIMIT, 7)]);
    expect(await tokensOf(harness(), key, perMinute(1_000))).toBe(3);
    expect(await isAdmitted(harness(), take(key, perMinute(1_000), 4))).toBe(false);
    await harness().advance(MINUTE);
    expect(await isAdmitted(harness(), take(key, perMinute(1_000), 1_000))).toBe(true);
  });

  it("is cut by a smaller limit, for the rest of the window (D11)", async () => {
    const key = harness().freshKey();
    await harness().decide([take(key, LIMIT, 1)]);
    await harness().advance(10 * SECOND);
    expect(await tokensOf(harness(), key, perMinute(4))).toBe(4);
    expect(await tokensOf(harness(), key, LIMIT)).toBe(4);
    await harness().advance(50 * SECOND - 1);
    expect(await tokensOf(harness(), key, LIMIT)).toBe(4);
    await harness().advance(1);
    expect(await tokensOf(harness(), key, LIMIT)).toBe(10);
  });

  it("pays a debt by the old limit for the windows before a new one (D11)", async () => {
    const key = harness().freshKey();
    await harness().decide([peek(key, LIMIT)]);
    await harness().decide([report(key, LIMIT, 35)]);
    await harness().advance(MINUTE);
    expect(await outcomeOf(harness(), take(key, perMinute(1_000), 1))).toMatchObject({ fits: false, tokens: -15 });
    await harness().advance(MINUTE);
    expect(await tokensOf(harness(), key, perMinute(1_000))).toBe(985);
  });

  it("has no tokens under a ban, which they do not come back from in the same window (D11)", async () => {
    const key = harness().freshKey();
    await harness().decide([take(key, LIMIT, 4)]);
    expect(await tokensOf(harness(), key, perMinute(0))).toBe(0);
    expect(await tokensOf(harness(), key, LIMIT)).toBe(0);
    await harness().advance(MINUTE);
    expect(await tokensOf(harness(), key, LIMIT)).toBe(10);
  });

  it("pays a debt under a ban as before it (D11)", async () => {
    const key = harness().freshKey();
    await harness().decide([peek(key, LIMIT)]);
    await harness().decide([report(key, LIMIT, 35)]);
    const seen: number[] = [];
    for (let window = 0; window < 4; window++) {
      seen.push(await tokensOf(harness(), key, perMinute(0)));
      await harness().advance(MINUTE);
    }
    expect(seen).toEqual([-25, -15, -5, 0]);
  });

  it("does not fill a window that was seen full when its limit grows (D11)", async () => {
    const key = harness().freshKey();
    // A pending charge keeps the full bucket.
    await harness().decide([peek(key, LIMIT), take(key, LIMIT, 10)]);
    await harness().advance(MINUTE);
    expect(await tokensOf(harness(), key, LIMIT)).toBe(10);
    expect(await tokensOf(harness(), key, perMinute(1_000))).toBe(10);
  });

  it("adds nothing when the clock steps back, nor when it comes to the same window again (D11)", async () => {
    const key = harness().freshKey();
    await harness().decide([take(key, LIMIT, 8)]);
    await harness().advance(-HOUR);
    const refused = await outcomeOf(harness(), take(key, LIMIT, 3));
    expect(refused).toMatchObject({ fits: false, tokens: 2, untilFitsMicros: MINUTE });
    await harness().advance(MINUTE - 1);
    expect(await isAdmitted(harness(), take(key, LIMIT, 3))).toBe(false);
    await harness().advance(1);
    expect(await isAdmitted(harness(), take(key, LIMIT, 10))).toBe(true);
    await harness().advance(-1);
    expect(await isAdmitted(harness(), take(key, LIMIT, 1))).toBe(false);
  });
}
