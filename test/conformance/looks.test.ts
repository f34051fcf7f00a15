import { randomUUID } from "node:crypto";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { lookingAt } from "../../src/engine/look.js";
import { MemoryStore } from "../../src/stores/memory/memory-store.js";
import type { Charge, Role, Store, Verdict } from "../../src/stores/store.js";
import { connectedStore, untilIdle } from "../support/connected-store.js";
import { type ClockedRedis, startClockedRedis } from "../support/redis-clock.js";
import { ALGORITHMS, MINUTE, peek, perWindow, report, take } from "./store-harness.js";

// GetStatus looks at buckets by a request that is refused whatever is in them. Here the clock stands still, so that a look
// and what comes after it are at one instant.

const BUDGET_MILLIS = 10_000;
const ROLES: readonly Role[] = ["enforced", "shadow", "quota", "shadow_quota"];

let redis: ClockedRedis;

beforeAll(async () => {
  redis = await startClockedRedis();
});

afterAll(() => redis?.stop());

const STORES: Readonly<Record<string, () => Promise<Store>>> = {
  memory: () => Promise.resolve(new MemoryStore({ nowMicros: () => 1_795_392_000_000_000 })),
  redis: () => connectedStore({ url: redis.url, keyPrefix: `${randomUUID()}:`, denyCacheSize: 100 }),
  "redis by hash tags": () => connectedStore({ url: redis.url, keyPrefix: `${randomUUID()}:`, hashTags: 16 }),
};

/** Charges of one request on up to four buckets, each always with the same limit. */
const request = fc.array(
  fc.record({ bucket: fc.nat(3), hits: fc.integer({ min: 1, max: 7 }), role: fc.constantFrom(...ROLES) }),
  { minLength: 1, maxLength: 5 },
);

/** What was seen, up to so much later: a deny cache counts on by this process' clock, which does not stand still. */
function upToLater({ admitted, outcomes }: Verdict, elapsedMillis: number): unknown {
  const earliest = (micros: number): number => micros - Math.ceil(elapsedMillis * 1_000);
  const upTo = (micros: number): unknown => expect.toSatisfy((told) => told <= micros && told >= earliest(micros));
  const later = outcomes.map((seen) => {
    return { ...seen, untilFullMicros: upTo(seen.untilFullMicros), untilFitsMicros: upTo(seen.untilFitsMicros) };
  });
  return { admitted, outcomes: later };
}

describe.each(Object.entries(STORES))("a look at the %s store", (name, open) => {
  let store: Store;
  const decide = async (charges: readonly Charge[]): Promise<Verdict> => await store.decide(charges, BUDGET_MILLIS);
  const look = async (charges: readonly Charge[]): Promise<Verdict> =>
    await lookingAt(store).decide(charges, BUDGET_MILLIS);

  beforeAll(async () => {
    store = await open();
  });

  afterAll(() => store?.close());

  it.each(ALGORITHMS)("says what a decision would be, and changes nothing, by %s", async (algorithm) => {
    const limits = [3, 5, 8, 12].map((burst) => perWindow(algorithm, burst, MINUTE));
    await fc.assert(
      fc.asyncProperty(fc.array(request, { minLength: 1, maxLength: 6 }), async (requests) => {
        const run = randomUUID();
        const startedMillis = performance.now();
        for (const parts of requests) {
          const charges = parts.map(({ bucket, hits, role }) => take(`${run}-${bucket}`, limits[bucket]!, hits, role));
          const seen = await look(charges);
          expect(await look(charges)).toEqual(seen);
          const decided = await decide(charges);
          expect(decided.admitted).toBe(seen.admitted);
          expect(decided.outcomes.map(({ fits }) => fits)).toEqual(seen.outcomes.map(({ fits }) => fits));
          if (!decided.admitted) expect(decided).toEqual(upToLater(seen, performance.now() - startedMillis));
          if (name.includes("redis")) await untilIdle(store as never);
        }
      }),
      { numRuns: 15 },
    );
  });

  it("announces no cost: what is reported after it takes no more than fits (D5)", async () => {
    const key = randomUUID();
    const limit = perWindow("token_bucket", 10, MINUTE, 100);
    await look([take(key, limit)]);
    expect(await decide([report(key, limit, 15)])).toMatchObject({ outcomes: [{ settled: false, tokens: 10 }] });
    await decide([peek(key, limit)]);
    await look([take(key, limit)]);
    expect(await decide([report(key, limit, 15)])).toMatchObject({ outcomes: [{ settled: true, tokens: -5 }] });
  });

  it("tells what is in a bucket and when the hits would fit", async () => {
    const [key, other] = [randomUUID(), randomUUID()];
    const limit = perWindow("token_bucket", 10, MINUTE);
    await decide([take(key, limit, 8)]);
    expect(await look([take(key, limit, 5), take(other, limit, 10)])).toEqual({
      admitted: false,
      outcomes: [
        { fits: false, settled: false, tokens: 2, untilFullMicros: 48_000_000, untilFitsMicros: 18_000_000 },
        { fits: true, settled: false, tokens: 10, untilFullMicros: 0, untilFitsMicros: 0 },
      ],
    });
  });
});

it("a look writes no key to Redis, in none of its parts", async () => {
  const store = await connectedStore({ url: redis.url, keyPrefix: `${randomUUID()}:`, hashTags: 16 });
  const before = await redis.command("DBSIZE");
  const limit = perWindow("token_bucket", 10, MINUTE);
  const charges = Array.from({ length: 40 }, () => take(randomUUID(), limit));
  expect((await lookingAt(store).decide(charges, BUDGET_MILLIS)).admitted).toBe(true);
  await untilIdle(store);
  expect(await redis.command("DBSIZE")).toBe(before);
  // No part of it has taken anything, be it for a moment.
  expect(store.figures().counts).toMatchObject({ givenBack: 0, notGivenBack: 0 });
  await store.close();
});
