import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { RedisStore } from "../../src/stores/redis/redis-store.js";
import { HOUR, perPeriod, refund, take } from "../conformance/store-harness.js";
import { connectedStore, failureOf } from "../support/connected-store.js";
import { type RedisServer, startRedis } from "../support/redis-server.js";

const BUDGET = 5_000;
const LIMIT = perPeriod(10, HOUR);

let redis: RedisServer;
let store: RedisStore;

beforeAll(async () => {
  redis = await startRedis();
  store = await connectedStore({ url: redis.url });
});

afterAll(async () => {
  await store?.close();
  await redis?.stop();
});

beforeEach(async () => {
  await redis.command("FLUSHALL");
});

/** Bytes that MessagePack writes for these whole numbers, each as an int64. */
function packed(...numbers: number[]): Buffer {
  return Buffer.concat(
    numbers.map((number) => {
      const bytes = Buffer.alloc(9);
      bytes.writeUInt8(0xd3);
      bytes.writeBigInt64BE(BigInt(number), 1);
      return bytes;
    }),
  );
}

const NOW = Date.now() * 1_000;
/** What the state of a token bucket starts with. */
const TAG = -1;

const MALFORMED: readonly (readonly [string, Buffer | string])[] = [
  ["nothing", ""],
  ["text", "hello"],
  ["a number as text", "42"],
  ["another tag", packed(-2, NOW, 5, 0, 10, 10)],
  ["no tag", packed(NOW, 5, 0, 10, 10)],
  ["half a state", packed(TAG, NOW, 5, 0, 10, 10).subarray(0, 20)],
  ["too few numbers", packed(TAG, NOW, 5, 0, 10)],
  ["half a pair of pending charges", packed(TAG, NOW, 5, 0, 10, 10, NOW)],
  ["a fraction", Buffer.concat([packed(TAG, NOW), Buffer.from("cb3fe0000000000000", "hex"), packed(0, 10, 10)])],
  ["not a number", Buffer.concat([packed(TAG, NOW), Buffer.from("cb7ff8000000000000", "hex"), packed(0, 10, 10)])],
  ["an infinity", Buffer.concat([packed(TAG, NOW), Buffer.from("cbfff0000000000000", "hex"), packed(0, 10, 10)])],
  ["nil for a number", Buffer.concat([packed(TAG, NOW, 5, 0), Buffer.from("c0", "hex"), packed(10)])],
  ["text for a number", Buffer.concat([packed(TAG, NOW, 5, 0), Buffer.from("a131", "hex"), packed(10)])],
  ["a time before the epoch", packed(TAG, -1, 5, 0, 10, 10)],
  ["more tokens than any bucket holds", packed(TAG, NOW, 1_000_000_000_000_001, 0, 10, 1_000_000_000_000_001)],
  ["a remainder of a whole period", packed(TAG, NOW, 5, HOUR, 10, 10)],
  ["a negative rate", packed(TAG, NOW, 5, 0, -1, 10)],
  ["pending charges out of order", packed(TAG, NOW, 5, 0, 10, 10, NOW + 2, 1, NOW + 1, 1)],
  ["a pending charge of none", packed(TAG, NOW, 5, 0, 10, 10, NOW + 2, 0)],
  ["two million numbers", Buffer.alloc(2_000_000, 1)],
];

describe("a bucket that is not one", () => {
  it("of another type fails its request with Redis' words and its key", async () => {
    await redis.command("LPUSH", "weir:|list", "a");
    const failure = await failureOf(store.decide([take("list", LIMIT)], BUDGET));
    expect(failure.kind).toBe("error");
    expect(failure.message).toMatch(/^WRONGTYPE .*\(key "weir:\|list"\)$/);
  });

  it.each(MALFORMED)("with %s for a state fails its request", async (_, bytes) => {
    await redis.command("SET", "weir:|odd", bytes);
    const failure = await failureOf(store.decide([take("odd", LIMIT)], BUDGET));
    expect(failure.kind).toBe("error");
    expect(failure.message).toBe('ERR not the state of a token bucket (key "weir:|odd")');
  });

  it("with a sound state written by hand does not fail", async () => {
    await redis.command("SET", "weir:|sound", packed(TAG, NOW, 5, 0, 10, 10, NOW + HOUR, 2));
    const { outcomes } = await store.decide([take("sound", LIMIT)], BUDGET);
    expect(outcomes[0]?.tokens).toBe(4);
  });

  it("writes nothing to the other buckets of its request, wherever it stands", async () => {
    await redis.command("LPUSH", "weir:|list", "a");
    await redis.command("SET", "weir:|odd", "hello");
    await store.decide([take("refundable", LIMIT, 4)], BUDGET);
    const before = await redis.command("GET", "weir:|refundable");
    for (const bad of ["list", "odd"]) {
      for (const order of [0, 1, 2]) {
        const charges = [take("fresh", LIMIT), refund("refundable", LIMIT, 2)];
        charges.splice(order, 0, take(bad, LIMIT));
        expect((await failureOf(store.decide(charges, BUDGET))).kind).toBe("error");
      }
    }
    expect(await redis.command("EXISTS", "weir:|fresh")).toBe(0);
    expect(await redis.command("GET", "weir:|refundable")).toEqual(before);
    expect(await redis.command("LRANGE", "weir:|list", 0, -1)).toEqual(["a"]);
    expect(await redis.command("GET", "weir:|odd")).toBe("hello");
  });

  it("does not fail the requests around it", async () => {
    await redis.command("LPUSH", "weir:|list", "a");
    const decisions = [0, 1, 2, 3].map((i) => store.decide([take(i % 2 === 0 ? "list" : "good", LIMIT)], BUDGET));
    const results = await Promise.allSettled(decisions);
    expect(results.map(({ status }) => status)).toEqual(["rejected", "fulfilled", "rejected", "fulfilled"]);
    const { outcomes } = await store.decide([take("good", LIMIT)], BUDGET);
    expect(outcomes[0]?.tokens).toBe(7);
  });

  it("with a long key is named in a few words", async () => {
    const key = `long-${"x".repeat(10_000)}`;
    await redis.command("SET", `weir:|${key}`, "hello");
    const { message } = await failureOf(store.decide([take(key, LIMIT)], BUDGET));
    expect(message.length).toBeLessThan(300);
    expect(message).toContain("weir:|long-xxx");
  });
});

describe("a Redis that has no memory left", () => {
  it("fails requests that would add a bucket with its own words, and writes no part of them", async () => {
    await store.decide([take("drained", LIMIT, 10), take("full-again", LIMIT, 1)], BUDGET);
    const before = await redis.command("GET", "weir:|full-again");
    await redis.command("CONFIG", "SET", "maxmemory", "1000");
    try {
      const charges = [take("one", LIMIT), refund("full-again", LIMIT, 1), take("two", LIMIT)];
      const failure = await failureOf(store.decide(charges, BUDGET));
      expect(failure.kind).toBe("error");
      expect(failure.message).toMatch(/^OOM /);
      expect(await store.decide([take("drained", LIMIT)], BUDGET)).toMatchObject({ admitted: false });
    } finally {
      await redis.command("CONFIG", "SET", "maxmemory", "0");
    }
    expect(await redis.command("GET", "weir:|full-again")).toEqual(before);
    expect(await redis.command("EXISTS", "weir:|one", "weir:|two")).toBe(0);
    expect(await store.decide([take("one", LIMIT), take("two", LIMIT)], BUDGET)).toMatchObject({ admitted: true });
  });

  it("carries out the whole of a request that frees memory first, or nothing of it", async () => {
    await store.decide([take("full-again", LIMIT, 1)], BUDGET);
    await redis.command("CONFIG", "SET", "maxmemory", "1000");
    const charges = [refund("full-again", LIMIT, 1), take("one", LIMIT)];
    const [result] = await Promise.allSettled([store.decide(charges, BUDGET)]);
    await redis.command("CONFIG", "SET", "maxmemory", "0");
    const isDone = result?.status === "fulfilled";
    expect(await redis.command("EXISTS", "weir:|full-again")).toBe(isDone ? 0 : 1);
    expect(await redis.command("EXISTS", "weir:|one")).toBe(isDone ? 1 : 0);
  });
});
