import { describe, expect, it } from "vitest";
import type { BucketLimit } from "../../../src/limits/limit.js";
import {
  ALGORITHMS,
  type InspectableHarness,
  isAdmitted,
  MINUTE,
  outcomeOf,
  peek,
  perPeriod,
  perWindow,
  report,
  startPeriod,
  take,
  tokensOf,
  YEAR,
} from "../store-harness.js";

/** What `inspect` and `reset` do. */
export function describeLookingAndResetting(harness: () => InspectableHarness): void {
  const look = async (key: string, limit: BucketLimit) => {
    const [status] = await harness().inspect([{ key, limit }]);
    return status;
  };

  describe.for(ALGORITHMS)("by %s", (algorithm) => {
    const limit = perWindow(algorithm, 10, MINUTE);

    it("sees a bucket that nobody has asked for as full", async () => {
      expect(await look(harness().freshKey(), limit)).toEqual({ tokens: 10, untilFullMicros: 0, pending: 0 });
    });

    it("sees what a decision would see, and takes nothing", async () => {
      await startPeriod(harness(), MINUTE);
      const key = harness().freshKey();
      const taken = await outcomeOf(harness(), take(key, limit, 4));
      for (let times = 0; times < 3; times++) {
        expect(await look(key, limit)).toEqual({ tokens: 6, untilFullMicros: taken.untilFullMicros, pending: 0 });
      }
      expect(await tokensOf(harness(), key, limit)).toBe(6);
    });

    it("leaves no pending charge, and counts those that peeks left", async () => {
      const key = harness().freshKey();
      await look(key, limit);
      await harness().decide([peek(key, limit)]);
      await harness().decide([peek(key, limit)]);
      expect((await look(key, limit))?.pending).toBe(2);
      await harness().decide([report(key, limit, 13)]);
      expect(await look(key, limit)).toMatchObject({ tokens: -3, pending: 1 });
    });

    it("moves on with time as decisions do", async () => {
      await startPeriod(harness(), MINUTE);
      const key = harness().freshKey();
      await harness().decide([take(key, limit, 10)]);
      await harness().advance(3 * MINUTE);
      expect((await look(key, limit))?.tokens).toBe(10);
    });

    it("makes a bucket full, without debt and pending charges", async () => {
      const key = harness().freshKey();
      await harness().decide([peek(key, limit)]);
      await harness().decide([peek(key, limit)]);
      await harness().decide([report(key, limit, 15)]);
      expect(await isAdmitted(harness(), take(key, limit))).toBe(false);
      expect(await harness().reset([key])).toBe(1);
      expect(await look(key, limit)).toEqual({ tokens: 10, untilFullMicros: 0, pending: 0 });
      expect(await isAdmitted(harness(), take(key, limit, 10))).toBe(true);
    });
  });

  it("answers for several buckets in the order asked", async () => {
    const limit = perPeriod(10, MINUTE);
    const keys = Array.from({ length: 20 }, () => harness().freshKey());
    for (const [index, key] of keys.entries()) await harness().decide([take(key, limit, index % 10)]);
    const statuses = await harness().inspect(keys.map((key) => ({ key, limit })));
    expect(statuses.map(({ tokens }) => tokens)).toEqual(keys.map((_, index) => 10 - (index % 10)));
    expect(await harness().reset([...keys, ...keys])).toBe(18);
  });

  it("says of a bucket that will never be full that it takes for ever", async () => {
    const limit = perPeriod(0, YEAR, 5);
    const key = harness().freshKey();
    await harness().decide([take(key, limit, 2)]);
    expect(await look(key, limit)).toEqual({ tokens: 3, untilFullMicros: Number.POSITIVE_INFINITY, pending: 0 });
  });

  it("resets nothing where there is nothing, and no bucket but those named", async () => {
    const limit = perPeriod(10, MINUTE);
    const [key, other] = [harness().freshKey(), harness().freshKey()];
    await harness().decide([take(other, limit, 4)]);
    expect(await harness().reset([key])).toBe(0);
    expect(await tokensOf(harness(), other, limit)).toBe(6);
  });
}
