import { describe, expect, it } from "vitest";
import { MemoryStore } from "../../../../src/stores/memory/memory-store.js";
import { DenyCache } from "../../../../src/stores/redis/deny-cache.js";
import type { Charge, Outcome, Verdict } from "../../../../src/stores/store.js";
import { MINUTE, peek, perPeriod, perWindow, refund, report, take } from "../../../conformance/store-harness.js";

/** One token in 200 ms; the bucket of it holds 3. */
const LIMIT = perPeriod(300, MINUTE, 3);
const SERVER_MICROS = 1_795_392_000_000_000;
const SENT = 5_000;

/** A memory store that has been asked all that, and what it says to the last. */
function askedOf(...charges: readonly Charge[]): Outcome {
  const store = new MemoryStore({ nowMicros: () => SERVER_MICROS });
  const verdicts = charges.map((charge) => store.decide([charge]));
  return (verdicts.at(-1) as Verdict).outcomes[0] as Outcome;
}

/** A cache that has seen the last of these charges, all made at once, be answered. */
function cacheAfter(...charges: readonly Charge[]): DenyCache {
  const cache = new DenyCache(100);
  cache.remember(charges.at(-1) as Charge, askedOf(...charges), SENT, SERVER_MICROS);
  return cache;
}

const EMPTY = take("k", LIMIT, 3);
const ONE = take("k", LIMIT);

describe("a refusal that is remembered", () => {
  it("is given again as the store would, with what time has changed", () => {
    const cache = cacheAfter(take("k", LIMIT, 2), take("k", LIMIT, 3));
    expect(cache.lookUp(take("k", LIMIT, 3), SENT + 100)).toEqual({
      admitted: false,
      outcomes: [{ fits: false, settled: false, tokens: 1, untilFullMicros: 300_000, untilFitsMicros: 300_000 }],
    });
    expect(cache.lookUp(take("k", LIMIT, 3), SENT + 200)?.outcomes[0]).toMatchObject({
      tokens: 2,
      untilFitsMicros: 200_000,
    });
    expect(cache.hits).toBe(2);
  });

  it("stands until exactly the moment that the store named, counted from when it was asked", () => {
    const cache = cacheAfter(EMPTY, ONE);
    expect(cache.lookUp(ONE, SENT + 199.999)).toBeDefined();
    expect(cache.lookUp(ONE, SENT + 200)).toBeUndefined();
    expect(cache.size).toBe(0);
  });

  it("stands for a second at most", () => {
    const slow = perPeriod(1, MINUTE);
    const cache = cacheAfter(take("k", slow), take("k", slow));
    expect(cache.lookUp(take("k", slow), SENT + 999.999)).toBeDefined();
    expect(cache.lookUp(take("k", slow), SENT + 1_000)).toBeUndefined();
  });

  it("is for as many hits and more, not for fewer", () => {
    const cache = cacheAfter(take("k", LIMIT, 2), take("k", LIMIT, 2));
    expect(cache.lookUp(take("k", LIMIT, 1), SENT)).toBeUndefined();
    expect(cache.lookUp(take("k", LIMIT, 2), SENT)?.outcomes[0]?.untilFitsMicros).toBe(200_000);
    expect(cache.lookUp(take("k", LIMIT, 3), SENT)?.outcomes[0]?.untilFitsMicros).toBe(400_000);
    expect(cache.lookUp(take("k", LIMIT, 4), SENT)?.outcomes[0]?.untilFitsMicros).toBe(Number.POSITIVE_INFINITY);
  });

  it("is for the same limit, whichever object says so, in the same bucket", () => {
    const cache = cacheAfter(EMPTY, ONE);
    expect(cache.lookUp(take("k", { ...LIMIT }), SENT)).toBeDefined();
    expect(cache.lookUp(take("other", LIMIT), SENT)).toBeUndefined();
    for (const other of [{ burst: 4 }, { tokensPerPeriod: 301 }, { maxDebt: 1 }, { periodMicros: MINUTE + 1 }]) {
      expect(cache.lookUp(take("k", { ...LIMIT, ...other }), SENT)).toBeUndefined();
    }
    expect(cache.lookUp(take("k", { ...LIMIT, algorithm: "fixed_window" }), SENT)).toBeUndefined();
  });

  it("is for enforced charges that only take", () => {
    const cache = cacheAfter(EMPTY, ONE);
    const others = [
      take("k", LIMIT, 0),
      take("k", LIMIT, 1, "shadow"),
      take("k", LIMIT, 1, "quota"),
      take("k", LIMIT, 1, "shadow_quota"),
      report("k", LIMIT, 1),
      peek("k", LIMIT),
      refund("k", LIMIT, 1),
    ];
    for (const other of others) expect(cache.lookUp(other, SENT)).toBeUndefined();
    expect(cache.hits).toBe(0);
    expect(cache.lookUp(ONE, SENT)).toBeDefined();
  });

  it("is not of a request that asks in the past", () => {
    expect(cacheAfter(EMPTY, ONE).lookUp(ONE, SENT - 3)?.outcomes[0]?.untilFitsMicros).toBe(200_000);
  });

  it("is forgotten when told so", () => {
    const cache = cacheAfter(EMPTY, ONE);
    cache.forget("k");
    expect(cache.lookUp(ONE, SENT)).toBeUndefined();
    expect(cache.size).toBe(0);
  });

  it.each([
    ["it let something through", take("k", LIMIT, 1), askedOf(ONE)],
    ["it gave something back", refund("k", LIMIT, 1), askedOf(EMPTY, refund("k", LIMIT, 1))],
    ["its bucket came into debt", take("k", LIMIT, 1), askedOf(peek("k", LIMIT), report("k", LIMIT, 5), ONE)],
  ])("is forgotten when the store says anything else of the bucket: %s", (_, charge, outcome) => {
    const cache = cacheAfter(EMPTY, ONE);
    cache.remember(charge, outcome, SENT + 1, SERVER_MICROS + 1_000);
    expect(cache.lookUp(ONE, SENT + 2)).toBeUndefined();
  });

  it("is not kept where all that the store told of a fraction of a token is hundreds of years away", () => {
    const endless = perPeriod(1, 3_600 * MINUTE, 10 ** 9);
    const first = take("k", endless, 10 ** 6);
    expect(cacheAfter(first, take("k", endless, 10 ** 9 - 10 ** 6 + 1)).size).toBe(1);
    expect(cacheAfter(first, take("k", endless, 10 ** 9 + 1)).size).toBe(0);
  });

  it("is of a fixed window until that ends", () => {
    const window = perWindow("fixed_window", 2, MINUTE);
    const before = 60_000_000 - (SERVER_MICROS % MINUTE);
    const nowMicros = SERVER_MICROS + before - 500_000;
    const store = new MemoryStore({ nowMicros: () => nowMicros });
    store.decide([take("k", window, 2)]);
    const cache = new DenyCache(10);
    const { outcomes } = store.decide([take("k", window)]);
    cache.remember(take("k", window), outcomes[0] as Outcome, SENT, nowMicros);
    expect(cache.lookUp(take("k", window), SENT + 499.999)?.outcomes[0]?.untilFitsMicros).toBe(1);
    expect(cache.lookUp(take("k", window), SENT + 500)).toBeUndefined();
  });

  it("is of a sliding window where one token was missing, for the same hits", () => {
    const window = perWindow("sliding_window", 2, MINUTE);
    const [two, one] = [take("k", window, 2), take("k", window, 1)];
    const outcome = askedOf(two, one);
    const cache = cacheAfter(two, one);
    expect(cache.lookUp(one, SENT + 100)).toEqual({
      admitted: false,
      outcomes: [
        {
          ...outcome,
          untilFullMicros: outcome.untilFullMicros - 100_000,
          untilFitsMicros: outcome.untilFitsMicros - 100_000,
        },
      ],
    });
    expect(cache.lookUp(two, SENT + 100)).toBeUndefined();
    expect(cacheAfter(two, two).size).toBe(0);
  });
});

describe("the size of the cache", () => {
  it("never exceeds its bound, and the last refusal stays", () => {
    const cache = new DenyCache(50);
    const refusal = askedOf(EMPTY, ONE);
    for (let i = 0; i < 1_000; i++) {
      cache.remember(take(`k${i}`, LIMIT), refusal, SENT, SERVER_MICROS);
      expect(cache.size).toBeLessThanOrEqual(50);
      expect(cache.lookUp(take(`k${i}`, LIMIT), SENT)).toBeDefined();
    }
    expect(cache.size).toBeGreaterThan(20);
  });

  it("shrinks when others come a while later", () => {
    const cache = new DenyCache(1_000);
    const refusal = askedOf(EMPTY, ONE);
    for (let i = 0; i < 100; i++) cache.remember(take(`k${i}`, LIMIT), refusal, SENT, SERVER_MICROS);
    expect(cache.size).toBe(100);
    for (let i = 1; i <= 2; i++) cache.remember(ONE, refusal, SENT + i * 1_000, SERVER_MICROS);
    expect(cache.size).toBe(1);
  });

  it("of 0 is none at all", () => {
    const cache = new DenyCache(0);
    cache.remember(ONE, askedOf(EMPTY, ONE), SENT, SERVER_MICROS);
    expect(cache.lookUp(ONE, SENT)).toBeUndefined();
    expect([cache.size, cache.hits]).toEqual([0, 0]);
  });
});
