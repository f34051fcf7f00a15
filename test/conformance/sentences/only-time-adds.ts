import { expect, it } from "vitest";
import {
  HOUR,
  isAdmitted,
  MINUTE,
  outcomeOf,
  peek,
  perPeriod,
  refund,
  SECOND,
  type StoreHarness,
  take,
  tokensOf,
} from "../store-harness.js";

/** D11: only time and refunds add tokens. */
export function describeOnlyTimeAdds(harness: () => StoreHarness): void {
  it("does not fill a bucket when its burst grows (D11)", async () => {
    const key = harness().freshKey();
    await harness().decide([take(key, perPeriod(10, MINUTE), 7)]);
    const larger = perPeriod(10, MINUTE, 1_000);
    expect(await tokensOf(harness(), key, larger)).toBe(3);
    await harness().advance(6 * SECOND);
    expect(await tokensOf(harness(), key, larger)).toBe(4);
  });

  it("clamps a bucket when its burst shrinks, for good (D11)", async () => {
    const key = harness().freshKey();
    const limit = perPeriod(10, MINUTE, 100);
    await harness().decide([take(key, limit, 10)]);
    const smaller = perPeriod(10, MINUTE, 20);
    expect(await outcomeOf(harness(), take(key, smaller, 1))).toMatchObject({ tokens: 19 });
    expect(await tokensOf(harness(), key, limit)).toBe(19);
  });

  it("remembers a larger burst for which it was only asked, after it is full by its own (D9, D11)", async () => {
    const key = harness().freshKey();
    const limit = perPeriod(10, MINUTE);
    const larger = perPeriod(10, MINUTE, 1_000);
    await harness().decide([take(key, limit, 7)]);
    expect(await tokensOf(harness(), key, larger)).toBe(3);
    await harness().advance(MINUTE);
    expect(await tokensOf(harness(), key, larger)).toBe(13);
  });

  it("has no tokens under a ban, and fills from there at the rate before it (D11)", async () => {
    const key = harness().freshKey();
    const limit = perPeriod(10, MINUTE);
    await harness().decide([take(key, limit, 4)]);
    expect(await tokensOf(harness(), key, perPeriod(0, MINUTE))).toBe(0);
    expect(await tokensOf(harness(), key, limit)).toBe(0);
    expect(await tokensOf(harness(), key, perPeriod(0, MINUTE))).toBe(0);
    await harness().advance(30 * SECOND);
    expect(await tokensOf(harness(), key, limit)).toBe(5);
  });

  it("does not forget a bucket that a smaller burst or a refund under it makes full (D9, D11)", async () => {
    const limit = perPeriod(10, MINUTE, 100);
    const smaller = perPeriod(10, MINUTE, 20);
    const [cut, exact, refunded] = [harness().freshKey(), harness().freshKey(), harness().freshKey()];
    await harness().decide([take(cut, limit, 10), take(exact, limit, 80), take(refunded, limit, 95)]);
    await harness().decide([take(cut, smaller, 0), take(exact, smaller, 0), refund(refunded, smaller, 50)]);
    for (const key of [cut, exact, refunded]) {
      expect(await tokensOf(harness(), key, limit)).toBe(20);
      await harness().advance(6 * SECOND);
      expect(await tokensOf(harness(), key, limit)).toBe(21);
      await harness().advance(-6 * SECOND);
    }
  });

  it("does not count the time that a bucket was full when its burst grows later (D11)", async () => {
    const key = harness().freshKey();
    const limit = perPeriod(10, SECOND);
    // A pending charge keeps the full bucket.
    await harness().decide([peek(key, limit), take(key, limit, 10)]);
    await harness().advance(5 * SECOND);
    expect(await tokensOf(harness(), key, limit)).toBe(10);
    expect(await tokensOf(harness(), key, perPeriod(10, SECOND, 1_000))).toBe(10);
  });

  it("counts the time before a new rate by the old one (D11)", async () => {
    const key = harness().freshKey();
    const slow = perPeriod(1, MINUTE, 100);
    const fast = perPeriod(60, MINUTE, 100);
    await harness().decide([take(key, slow, 100)]);
    await harness().advance(MINUTE);
    expect(await tokensOf(harness(), key, fast)).toBe(1);
    await harness().advance(10 * SECOND);
    expect(await tokensOf(harness(), key, fast)).toBe(11);
  });

  it("takes a new rate over with a refusal (D11)", async () => {
    const key = harness().freshKey();
    const slow = perPeriod(1, MINUTE, 100);
    const fast = perPeriod(60, MINUTE, 100);
    await harness().decide([take(key, slow, 100)]);
    await harness().advance(MINUTE);
    const refused = await outcomeOf(harness(), take(key, fast, 5));
    expect(refused).toMatchObject({ fits: false, tokens: 1, untilFitsMicros: 4 * SECOND });
    await harness().advance(4 * SECOND - 1);
    expect(await isAdmitted(harness(), take(key, fast, 5))).toBe(false);
    await harness().advance(1);
    expect(await isAdmitted(harness(), take(key, fast, 5))).toBe(true);
  });

  it("adds nothing when the clock steps back, and refills from the new time on (D11)", async () => {
    const key = harness().freshKey();
    const limit = perPeriod(1, SECOND, 10);
    await harness().decide([take(key, limit, 8)]);
    await harness().advance(-HOUR);
    expect(await outcomeOf(harness(), take(key, limit, 3))).toMatchObject({
      fits: false,
      tokens: 2,
      untilFitsMicros: SECOND,
    });
    await harness().advance(SECOND - 1);
    expect(await isAdmitted(harness(), take(key, limit, 3))).toBe(false);
    await harness().advance(1);
    expect(await isAdmitted(harness(), take(key, limit, 3))).toBe(true);
  });

  it("does not give time twice when the clock steps back and forth (D11)", async () => {
    const key = harness().freshKey();
    const limit = perPeriod(1, SECOND, 100);
    await harness().decide([take(key, limit, 100)]);
    await harness().advance(10 * SECOND);
    await harness().decide([take(key, limit, 10)]);
    await harness().advance(-10 * SECOND);
    expect(await isAdmitted(harness(), take(key, limit, 1))).toBe(false);
    await harness().advance(10 * SECOND);
    expect(await tokensOf(harness(), key, limit)).toBe(10);
    expect(await isAdmitted(harness(), take(key, limit, 11))).toBe(false);
  });

  it("takes the limit as it is with each request, and keeps the tokens (D9, D11)", async () => {
    const key = harness().freshKey();
    const rule = perPeriod(10, MINUTE);
    const override = perPeriod(1_000, MINUTE);
    await harness().decide([take(key, rule, 10)]);
    expect(await isAdmitted(harness(), take(key, override, 1))).toBe(false);
    await harness().advance(60_000);
    expect(await isAdmitted(harness(), take(key, override, 1))).toBe(true);
    expect(await tokensOf(harness(), key, rule)).toBe(0);
  });
}
