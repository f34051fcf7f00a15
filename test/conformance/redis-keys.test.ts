import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RedisStore } from "../../src/stores/redis/redis-store.js";
import { connectedStore } from "../support/connected-store.js";
import { type ClockedRedis, startClockedRedis } from "../support/redis-clock.js";
import { HOUR, MINUTE, peek, perPeriod, refund, report, SECOND, take, YEAR } from "./store-harness.js";

const BUDGET = 5_000;
const LAPSE = 10 * MINUTE;

let redis: ClockedRedis;
let store: RedisStore;

beforeAll(async () => {
  redis = await startClockedRedis();
  store = await connectedStore({ url: redis.url, denyCacheSize: 0, keyPrefix: "weir:", pendingLapseMicros: LAPSE });
});

afterAll(async () => {
  await store?.close();
  await redis?.stop();
});

async function exists(key: string): Promise<boolean> {
  return (await redis.command("EXISTS", `weir:|${key}`)) === 1;
}

async function stateOf(key: string): Promise<unknown> {
  return await redis.command("GET", `weir:|${key}`);
}

describe("a bucket's key in Redis", () => {
  it("is there until the bucket is full, and gone within two milliseconds after", async () => {
    const limits = [
      perPeriod(10, SECOND),
      perPeriod(7, MINUTE, 3),
      perPeriod(10_000_000, SECOND),
      perPeriod(999_983, 999_979),
      perPeriod(1, YEAR),
      perPeriod(4_294_967_295, 30 * 24 * HOUR, 100),
      perPeriod(3, SECOND * 7 + 1, 1_000_000),
    ];
    for (const [index, limit] of limits.entries()) {
      for (const hits of [1, Math.ceil(limit.burst / 3), limit.burst]) {
        const key = `ttl-${index}-${hits}`;
        const { outcomes } = await store.decide([take(key, limit, hits)], BUDGET);
        const untilFull = outcomes[0]!.untilFullMicros;
        expect(untilFull).toBeGreaterThan(0);
        await redis.advance(untilFull - 1);
        expect(await exists(key), `${key} one microsecond before it is full`).toBe(true);
        await redis.advance(2_001);
        expect(await exists(key), `${key} two milliseconds after it is full`).toBe(false);
      }
    }
  });

  it("outlives a full bucket while a charge is pending", async () => {
    const limit = perPeriod(10, SECOND);
    await store.decide([peek("pending", limit)], BUDGET);
    await redis.advance(LAPSE - 1);
    expect(await exists("pending")).toBe(true);
    await redis.advance(LAPSE / 16 + 2_001);
    expect(await exists("pending")).toBe(false);
  });

  it("expires after 100 years even when the bucket is never full", async () => {
    const hundredYearsMillis = (100 * YEAR) / 1_000;
    for (const limit of [perPeriod(0, SECOND, 5), perPeriod(1, 35 * YEAR, 1_000_000_000_000_000)]) {
      const key = `never-${limit.tokensPerPeriod}`;
      await store.decide([take(key, limit, 5)], BUDGET);
      const left = (await redis.command("PTTL", `weir:|${key}`)) as number;
      expect(Math.abs(left - hundredYearsMillis)).toBeLessThanOrEqual(1);
    }
  });

  it("is deleted by a refund that fills the bucket", async () => {
    const limit = perPeriod(10, HOUR);
    await store.decide([take("refunded", limit, 3)], BUDGET);
    expect(await exists("refunded")).toBe(true);
    await store.decide([refund("refunded", limit, 3)], BUDGET);
    expect(await exists("refunded")).toBe(false);
  });

  it("is not made by a refund, or by a request that is refused", async () => {
    const limit = perPeriod(10, HOUR);
    await store.decide([refund("untouched", limit, 3)], BUDGET);
    await store.decide([take("untouched", limit, 11)], BUDGET);
    await store.decide([take("untouched", limit, 1), take("banned", perPeriod(0, SECOND, 0), 1)], BUDGET);
    expect(await exists("untouched")).toBe(false);
    expect(await exists("banned")).toBe(false);
  });

  it("is not rewritten by a refusal", async () => {
    const limit = perPeriod(10, HOUR);
    await store.decide([take("refused", limit, 8)], BUDGET);
    const before = await stateOf("refused");
    await redis.advance(MINUTE);
    expect(await store.decide([take("refused", limit, 5)], BUDGET)).toMatchObject({ admitted: false });
    expect(await stateOf("refused")).toEqual(before);
  });

  it("is rewritten by a refusal after the clock stepped back, or under another rate", async () => {
    const limit = perPeriod(10, HOUR);
    await store.decide([take("anchored", limit, 8)], BUDGET);
    const before = await stateOf("anchored");
    await redis.advance(-MINUTE);
    await store.decide([take("anchored", limit, 5)], BUDGET);
    const between = await stateOf("anchored");
    expect(between).not.toEqual(before);
    await store.decide([take("anchored", perPeriod(9, HOUR), 5)], BUDGET);
    expect(await stateOf("anchored")).not.toEqual(between);
  });

  it("does not meet a key of another prefix, whatever follows it", async () => {
    const limit = perPeriod(2, HOUR);
    const pairs = [
      ["a", "b|c", "a|b", "c"],
      ["", "a|x", "a", "x"],
      ["a%7C", "k", "a|", "k"],
      ["p{", "k", "p%7B", "k"],
    ] as const;
    for (const [prefix, key, otherPrefix, otherKey] of pairs) {
      const one = await connectedStore({ url: redis.url, denyCacheSize: 0, keyPrefix: prefix });
      const other = await connectedStore({ url: redis.url, denyCacheSize: 0, keyPrefix: otherPrefix });
      await one.decide([take(key, limit, 2)], BUDGET);
      expect(await other.decide([take(otherKey, limit, 2)], BUDGET), `${prefix} and ${otherPrefix}`).toMatchObject({
        admitted: true,
      });
      await Promise.all([one.close(), other.close()]);
    }
  });

  it("holds at most 42 bytes while no charge is pending, and usually half of that", async () => {
    await store.decide([take("usual", perPeriod(60, MINUTE), 1)], BUDGET);
    expect(await redis.command("STRLEN", "weir:|usual")).toBe(14);
    const limit = perPeriod(4_294_967_295, 2 ** 50, 1_000_000_000_000_000);
    await store.decide([take("largest", limit, 100)], BUDGET);
    await redis.advance(SECOND);
    await store.decide([take("largest", limit, 5)], BUDGET);
    expect(await redis.command("STRLEN", "weir:|largest")).toBe(42);
  });

  it("keeps numbers of any size to the last digit", async () => {
    const limit = perPeriod(4_294_967_295, 2 ** 50, 999_999_999_999_999, 1_000_000_000_000_000);
    const { outcomes: first } = await store.decide([take("large", limit, 1), peek("large", limit)], BUDGET);
    expect(first[0]!.tokens).toBe(999_999_999_999_998);
    const cost = 1_999_999_999_999_997;
    const { outcomes: second } = await store.decide([report("large", limit, cost)], BUDGET);
    expect(second[0]).toMatchObject({ settled: true, tokens: -999_999_999_999_999 });
    expect((await store.decide([take("large", limit, 0, "shadow")], BUDGET)).outcomes[0]!.tokens).toBe(
      -999_999_999_999_999,
    );
  });
});

describe("two stores on one Redis", () => {
  it("count together exactly", async () => {
    const limit = perPeriod(50, HOUR);
    const other = await connectedStore({
      url: redis.url,
      denyCacheSize: 0,
      keyPrefix: "weir:",
      pendingLapseMicros: LAPSE,
    });
    const decisions = Array.from({ length: 200 }, (_, i) =>
      (i % 2 === 0 ? store : other).decide([take("shared", limit)], BUDGET),
    );
    const verdicts = await Promise.all(decisions);
    expect(verdicts.filter(({ admitted }) => admitted)).toHaveLength(50);
    await other.close();
  });
});
