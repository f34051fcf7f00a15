import { describe, expect, it } from "vitest";
import type { BucketLimit } from "../../../../src/limits/limit.js";
import { MemoryStore } from "../../../../src/stores/memory/memory-store.js";
import { wallClockMicros } from "../../../../src/stores/memory/wall-clock.js";
import type { Action, Charge, Verdict } from "../../../../src/stores/store.js";

const SECOND = 1_000_000;
const LIMIT: BucketLimit = {
  algorithm: "token_bucket",
  tokensPerPeriod: 10,
  periodMicros: SECOND,
  burst: 10,
  maxDebt: 10,
};

function charge(key: string, hits = 1, action: Action = "take", limit = LIMIT): Charge {
  return { key, limit, role: "enforced", action, hits };
}

/** A store with a clock that tests set. */
function openStore(options: { maxBuckets?: number; pendingLapseMicros?: number } = {}) {
  const clock = { micros: 1_795_392_000_000_000 };
  const store = new MemoryStore({ ...options, nowMicros: () => clock.micros });
  return { clock, store };
}

function tokens({ outcomes }: Verdict): number | undefined {
  return outcomes[0]?.tokens;
}

describe("the memory store", () => {
  it("answers synchronously and by its own clock", () => {
    const store = new MemoryStore();
    const verdict = store.decide([charge("a", 10)]);
    expect(verdict.admitted).toBe(true);
    expect(store.decide([charge("a", 10)]).admitted).toBe(false);
  });

  it("is ready until it is closed, and then holds nothing", async () => {
    const { store } = openStore();
    store.decide([charge("a")]);
    expect(store.isReady()).toBe(true);
    await store.close();
    expect(store.isReady()).toBe(false);
    expect(store.size).toBe(0);
  });

  it("keeps no bucket for what took nothing", () => {
    const { store } = openStore();
    store.decide([charge("refused", 11)]);
    store.decide([charge("nothing", 0)]);
    store.decide([charge("refund", 5, "refund")]);
    expect(store.size).toBe(0);
  });

  it("keeps a bucket from its first charge until it is full, and not for a microsecond less", () => {
    const { clock, store } = openStore();
    const full = store.decide([charge("a", 10)]).outcomes[0]?.untilFullMicros ?? 0;
    expect(full).toBe(SECOND);
    clock.micros += full - 1;
    for (let i = 0; i < 10; i++) store.decide([charge("b", 11)]);
    expect(store.size).toBe(1);
    clock.micros += 1;
    store.decide([charge("b", 11)]);
    expect(store.size).toBe(0);
  });

  it("drops a bucket at once when a refund fills it", () => {
    const { store } = openStore();
    store.decide([charge("a", 4)]);
    store.decide([charge("a", 4, "refund")]);
    expect(store.size).toBe(0);
  });

  it("keeps a full bucket as long as a charge is pending on it (D5)", () => {
    const { clock, store } = openStore({ pendingLapseMicros: 160 });
    store.decide([charge("a", 0, "peek")]);
    clock.micros += 159;
    store.decide([charge("b", 11)]);
    expect(store.size).toBe(1);
    clock.micros += 11;
    store.decide([charge("b", 11)]);
    expect(store.size).toBe(0);
  });

  it("drops full buckets as fast as new ones come, so that a stream of clients does not grow it", () => {
    const { clock, store } = openStore();
    let largest = 0;
    for (let i = 0; i < 20_000; i++) {
      store.decide([charge(`client-${i}`)]);
      clock.micros += 100;
      largest = Math.max(largest, store.size);
    }
    // A charge of one token is gone after 0.1 s, in which 1,000 clients come.
    expect(largest).toBeGreaterThan(900);
    expect(largest).toBeLessThan(3_000);
    expect(store.evictions).toBe(0);
  });

  it("never holds more buckets than it may, and counts those that went before they were full (D11)", () => {
    const { store } = openStore({ maxBuckets: 100 });
    for (let i = 0; i < 250; i++) store.decide([charge(`client-${i}`)]);
    expect(store.size).toBe(100);
    expect(store.evictions).toBe(150);
  });

  it("stays within its bound when one request has more buckets than it may keep", () => {
    const { store } = openStore({ maxBuckets: 5 });
    const charges = Array.from({ length: 20 }, (_, i) => charge(`key-${i}`));
    expect(store.decide(charges).admitted).toBe(true);
    expect(store.decide(charges).admitted).toBe(true);
    expect(store.size).toBe(5);
  });

  it("keeps what a request takes from a bucket that had to go for another one of the same request", () => {
    const { store } = openStore({ maxBuckets: 1 });
    store.decide([charge("old", 5)]);
    store.decide([charge("new", 1), charge("old", 1)]);
    expect(store.size).toBe(1);
    expect(tokens(store.decide([charge("old", 0)]))).toBe(4);
  });

  it("lets buckets near to full go and keeps the empty ones (D11)", () => {
    const { store } = openStore({ maxBuckets: 1_000 });
    for (let i = 0; i < 500; i++) store.decide([charge(`empty-${i}`, 10)]);
    for (let i = 0; i < 2_000; i++) store.decide([charge(`light-${i}`, 1)]);
    const kept = Array.from({ length: 500 }, (_, i) => tokens(store.decide([charge(`empty-${i}`, 0)])) === 0);
    // One in 2^8 samples at first holds empty buckets only.
    expect(kept.filter(Boolean).length).toBeGreaterThan(400);
    expect(store.size).toBe(1_000);
  });

  it("does not count a full bucket that makes room as evicted", () => {
    const { clock, store } = openStore({ maxBuckets: 1 });
    store.decide([charge("a", 10), charge("b", 0)]);
    clock.micros += SECOND;
    store.decide([charge("c", 10)]);
    expect({ size: store.size, evictions: store.evictions }).toEqual({ size: 1, evictions: 0 });
  });

  it("finds every bucket again after many came and went", () => {
    const { clock, store } = openStore();
    for (let i = 0; i < 5_000; i++) {
      store.decide([charge(`odd-${i}`, (i % 10) + 1)]);
      if (i % 7 === 0) clock.micros += 1_000;
    }
    for (let i = 4_990; i < 5_000; i++) expect(store.decide([charge(`odd-${i}`, 10)]).admitted, `${i}`).toBe(false);
  });
});

describe("the clock of the memory store", () => {
  it("tells whole microseconds of the present, and never steps back", () => {
    let last = wallClockMicros();
    expect(Math.abs(last / 1_000 - Date.now())).toBeLessThan(60_000);
    for (let i = 0; i < 1_000; i++) {
      const now = wallClockMicros();
      expect(Number.isInteger(now)).toBe(true);
      expect(now).toBeGreaterThanOrEqual(last);
      last = now;
    }
  });
});
