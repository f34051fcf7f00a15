import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { BucketLimit } from "../../src/limits/limit.js";
import type { RedisStore } from "../../src/stores/redis/redis-store.js";
import { connectedStore, failureOf } from "../support/connected-store.js";
import { type ClockedRedis, startClockedRedis } from "../support/redis-clock.js";
import { HOUR, MINUTE, perWindow, refund, SECOND, take, tokensOf } from "./store-harness.js";

const BUDGET = 5_000;
const MAX = 1_000_000_000_000_000;

let redis: ClockedRedis;
let store: RedisStore;

beforeAll(async () => {
  redis = await startClockedRedis();
  store = await connectedStore({ url: redis.url, denyCacheSize: 0 });
  await redis.advance(HOUR - (redis.nowMicros() % HOUR));
});

afterAll(async () => {
  await store?.close();
  await redis?.stop();
});

async function exists(key: string): Promise<boolean> {
  return (await redis.command("EXISTS", `weir:|${key}`)) === 1;
}

async function sizeOf(key: string): Promise<number> {
  return (await redis.command("STRLEN", `weir:|${key}`)) as number;
}

/** Bytes that MessagePack writes for these whole numbers, each as an int64. */
function packed(...numbers: number[]): Buffer {
  const bytes = Buffer.alloc(9 * numbers.length);
  for (const [index, number] of numbers.entries()) {
    bytes.writeUInt8(0xd3, 9 * index);
    bytes.writeBigInt64BE(BigInt(number), 9 * index + 1);
  }
  return bytes;
}

function harness() {
  return {
    decide: async (charges: Parameters<RedisStore["decide"]>[0]) => store.decide(charges, BUDGET),
    nowMicros: redis.nowMicros,
    advance: redis.advance,
    freshKey: () => "",
  };
}

describe("the key of a fixed window", () => {
  const limit = perWindow("fixed_window", 10, MINUTE);

  it("is there until its window ends, and gone within two milliseconds after", async () => {
    await redis.advance(20 * SECOND);
    await store.decide([take("window", limit, 10)], BUDGET);
    await redis.advance(40 * SECOND - 1);
    expect(await exists("window")).toBe(true);
    await redis.advance(2_001);
    expect(await exists("window")).toBe(false);
  });

  it("holds 8 bytes for a hundred a minute", async () => {
    await store.decide([take("small", perWindow("fixed_window", 100, MINUTE), 1)], BUDGET);
    expect(await sizeOf("small")).toBe(8);
  });
});

describe("the key of a sliding window", () => {
  const limit = perWindow("sliding_window", 10, MINUTE);

  it("is there until its newest slot has left, and gone within two milliseconds after", async () => {
    await redis.advance(MINUTE - (redis.nowMicros() % MINUTE));
    await store.decide([take("slots", limit, 5)], BUDGET);
    await redis.advance(30 * SECOND);
    await store.decide([take("slots", limit, 5)], BUDGET);
    await redis.advance(61 * SECOND - 1);
    expect(await exists("slots")).toBe(true);
    await redis.advance(2_001);
    expect(await exists("slots")).toBe(false);
  });

  it("is not made by a refund or by a request that is refused", async () => {
    await store.decide([refund("untouched", limit, 3), take("other", limit, 11)], BUDGET);
    expect(await exists("untouched")).toBe(false);
    expect(await exists("other")).toBe(false);
  });

  it("holds 10 bytes after the first hit of a hundred a minute, and 130 when every slot has some", async () => {
    const wide = perWindow("sliding_window", 100, MINUTE);
    await redis.advance(MINUTE - (redis.nowMicros() % MINUTE));
    for (let i = 0; i < 61; i++) {
      await store.decide([take("wide", wide, 1)], BUDGET);
      if (i === 0) expect(await sizeOf("wide")).toBe(10);
      await redis.advance(SECOND);
    }
    expect(await sizeOf("wide")).toBe(130);
  });

  it("keeps numbers of any size to the last digit", async () => {
    const large = perWindow("sliding_window", MAX, 2 ** 50);
    await store.decide([take("large", large, MAX - 7)], BUDGET);
    await redis.advance(HOUR);
    expect(await tokensOf(harness(), "large", large)).toBe(7);
  });
});

interface Malformed {
  readonly what: string;
  readonly bytes: Buffer;
}

function describeMalformed(name: string, limit: BucketLimit, cases: readonly Malformed[], sound: Buffer): void {
  describe(`the state of a ${name}`, () => {
    it.each(cases)("with $what fails its request, and is not touched", async ({ bytes }) => {
      await redis.command("SET", "weir:|odd", bytes);
      const failure = await failureOf(store.decide([take("odd", limit), take("fresh", limit)], BUDGET));
      expect(failure.kind).toBe("error");
      expect(failure.message).toBe(`ERR not the state of a ${name} (key "weir:|odd")`);
      expect(await redis.command("STRLEN", "weir:|odd")).toBe(bytes.length);
      expect(await exists("fresh")).toBe(false);
    });

    it("that is sound, written by hand, is taken", async () => {
      await redis.command("SET", "weir:|sound", sound);
      const { outcomes } = await store.decide([take("sound", limit)], BUDGET);
      expect(outcomes[0]?.tokens).toBe(4);
    });
  });
}

/** What states start with. */
const [FIXED, SLIDING] = [-2, -3];
/** Far ahead, so that windows and slots are those of the moment: the clock stepped back. */
const WINDOW = 10 ** 9;

describeMalformed(
  "fixed window",
  perWindow("fixed_window", 10, MINUTE),
  [
    { what: "nothing", bytes: Buffer.alloc(0) },
    { what: "too few numbers", bytes: packed(FIXED, WINDOW, 5) },
    { what: "half a pair of pending charges", bytes: packed(FIXED, WINDOW, 5, 10, 1) },
    { what: "the tag of another algorithm", bytes: packed(SLIDING, WINDOW, 5, 10) },
    { what: "no tag", bytes: packed(WINDOW, 5, 10) },
    { what: "a window before the epoch", bytes: packed(FIXED, -1, 5, 10) },
    { what: "more tokens than its burst", bytes: packed(FIXED, WINDOW, 11, 10) },
    { what: "a deeper debt than any bucket has", bytes: packed(FIXED, WINDOW, -MAX - 1, 10) },
    { what: "a larger burst than any bucket has", bytes: packed(FIXED, WINDOW, 5, MAX + 1) },
    { what: "a negative burst", bytes: packed(FIXED, WINDOW, -5, -1) },
    { what: "text for a number", bytes: Buffer.concat([packed(FIXED, WINDOW, 5), Buffer.from("a131", "hex")]) },
    {
      what: "a fraction",
      bytes: Buffer.concat([packed(FIXED, WINDOW), Buffer.from("cb3fe0000000000000", "hex"), packed(10)]),
    },
  ],
  packed(FIXED, WINDOW, 5, 10, 10 ** 15 * 9, 2),
);

describeMalformed(
  "sliding window",
  perWindow("sliding_window", 10, MINUTE),
  [
    { what: "nothing", bytes: Buffer.alloc(0) },
    { what: "too few numbers", bytes: packed(SLIDING, 10, WINDOW) },
    { what: "the tag of another algorithm", bytes: packed(FIXED, 10, WINDOW, 0) },
    { what: "fewer slots than it says", bytes: packed(SLIDING, 10, WINDOW, 2, 0, 5) },
    { what: "half a pair of pending charges", bytes: packed(SLIDING, 10, WINDOW, 1, 0, 5, 1) },
    {
      what: "more slots than a window has",
      bytes: packed(SLIDING, 10, WINDOW, 62, ...Array.from({ length: 124 }, () => 1)),
    },
    {
      what: "a fraction for the number of slots",
      bytes: Buffer.concat([packed(SLIDING, 10, WINDOW), Buffer.from("cb3fe0000000000000", "hex"), packed(0, 5)]),
    },
    { what: "a slot that is too old", bytes: packed(SLIDING, 10, WINDOW, 2, 61, 1, 0, 1) },
    { what: "slots out of order", bytes: packed(SLIDING, 10, WINDOW, 3, 1, 1, 2, 1, 0, 1) },
    { what: "a slot twice", bytes: packed(SLIDING, 10, WINDOW, 2, 0, 1, 0, 1) },
    { what: "no slot at its newest", bytes: packed(SLIDING, 10, WINDOW, 1, 1, 1) },
    { what: "a negative count", bytes: packed(SLIDING, 10, WINDOW, 1, 0, -1) },
    { what: "a negative newest slot", bytes: packed(SLIDING, 10, -1, 1, 0, 1) },
    { what: "a deeper debt than any bucket has", bytes: packed(SLIDING, 10, WINDOW, 2, 1, MAX, 0, 11) },
    { what: "a larger burst than any bucket has", bytes: packed(SLIDING, MAX + 1, WINDOW, 1, 0, 5) },
    { what: "a negative burst", bytes: packed(SLIDING, -1, WINDOW, 0) },
  ],
  packed(SLIDING, 10, WINDOW * 60, 3, 60, 3, 1, 0, 0, 2, 10 ** 15 * 9, 2),
);
