import { describe, expect, it } from "vitest";
import type { EngineSettings } from "../../../src/engine/engine.js";
import { MemoryStore } from "../../../src/stores/memory/memory-store.js";
import { type Charge, type Store, StoreFailure } from "../../../src/stores/store.js";
import { descriptor, engineUnderTest } from "../../support/engine-under-test.js";

const RULES = `
domain: test
descriptors:
  - key: client
    rate_limit: { requests_per_unit: 8, unit: minute }
    deny_response: { body: "slow down" }
  - key: window
    rate_limit: { requests_per_unit: 8, unit: minute, algorithm: fixed_window }
  - key: free
    rate_limit: { unlimited: true }
  - key: shy
    shadow_mode: true
    rate_limit: { requests_per_unit: 0, unit: minute }
  - key: quota_a
    quota_mode: true
    rate_limit: { requests_per_unit: 1, unit: minute }
  - key: quota_b
    quota_mode: true
    rate_limit: { requests_per_unit: 2, unit: minute }
  - key: ban
    rate_limit: { requests_per_unit: 0, unit: day }
`;
const client = descriptor({ client: "a" });

/** An engine whose store fails while the test says so, and the charges that were decided locally. */
function open(settings: Partial<EngineSettings> = {}) {
  const clock = { nowMicros: 1_700_000_000_000_000 };
  const memory = new MemoryStore({ nowMicros: () => clock.nowMicros });
  const local = new MemoryStore({ nowMicros: () => clock.nowMicros });
  const outage = { failure: new StoreFailure("unavailable", "gone") as StoreFailure | undefined };
  const charges: Charge[] = [];
  const store: Store = {
    kind: "redis",
    decide: (asked) => {
      if (outage.failure !== undefined) throw outage.failure;
      return memory.decide(asked);
    },
    isReady: () => true,
    close: async () => {},
  };
  const localStore = {
    decide: (asked: readonly Charge[]) => {
      charges.push(...asked);
      return local.decide(asked);
    },
  };
  const under = engineUnderTest(RULES, { onStoreFailure: "local", ...settings }, store, { localStore });
  return { ...under, clock, outage, charges };
}

describe("D13: local, while the store fails", () => {
  it("limits by buckets of this process, tells codes only, and counts what decided", () => {
    const { decide, events } = open();
    const all = [client, descriptor({ free: "x" }), descriptor({ nobody: "knows" })];
    for (let i = 0; i < 8; i++) {
      expect(decide(all)).toEqual({ overallCode: "OK", statuses: [{ code: "OK" }, { code: "OK" }, { code: "OK" }] });
    }
    const statuses = [{ code: "OVER_LIMIT" }, { code: "OK" }, { code: "OK" }];
    expect(decide(all)).toEqual({ overallCode: "OVER_LIMIT", statuses });
    expect(events.descriptors.slice(-3).map(({ outcome }) => outcome)).toEqual(["local", "unlimited", "no_rule"]);
    expect(events.requests).toEqual([...Array(8).fill("ok"), "over_limit"]);
    expect(events.storeFailures).toHaveLength(9);
  });

  it("does the same when the store is late, and when the caller's deadline leaves no time", async () => {
    const { engine, decide, outage } = open();
    outage.failure = new StoreFailure("timeout", "late");
    expect(decide([client], { hitsAddend: 4 }).overallCode).toBe("OK");
    outage.failure = undefined;
    const request = { domain: "test", hitsAddend: 4, descriptors: [client] };
    const hurried = { remainingMillis: 1, isCancelled: false };
    expect(await engine.decide(request, hurried)).toMatchObject({ overallCode: "OK" });
    expect(await engine.decide(request, hurried)).toMatchObject({ overallCode: "OVER_LIMIT" });
  });

  it("carries nothing over: neither from the store, nor back to it", () => {
    const { decide, outage } = open();
    outage.failure = undefined;
    expect(decide([client], { hitsAddend: 7 }).statuses[0]?.limitRemaining).toBe(1);
    outage.failure = new StoreFailure("unavailable", "gone");
    expect(decide([client], { hitsAddend: 8 }).overallCode).toBe("OK");
    outage.failure = undefined;
    expect(decide([client]).statuses[0]?.limitRemaining).toBe(0);
  });

  it.each(["client", "window"])("takes its share of a limit and no more: %s", (key) => {
    const { decide, clock, charges } = open({ localShare: 0.25 });
    clock.nowMicros = 1_700_000_040_000_000;
    const one = [descriptor({ [key]: "a" })];
    const admitted = () =>
      Array.from({ length: 9 }, () => decide(one)).filter((each) => each.overallCode === "OK").length;
    expect(admitted()).toBe(2);
    clock.nowMicros += 60_000_000;
    expect(admitted()).toBe(2);
    expect(new Set(charges.map(({ limit }) => limit)).size).toBe(1);
  });

  it("lets neither shadow rules nor global shadow refuse", () => {
    expect(open().decide([descriptor({ shy: "x" })])).toEqual({ overallCode: "OK", statuses: [{ code: "OK" }] });
    const { decide } = open({ globalShadow: true });
    expect(decide([descriptor({ ban: "x" })])).toEqual({ overallCode: "OK", statuses: [{ code: "OVER_LIMIT" }] });
  });

  it("refuses a request with quota limits only when none of them fits", () => {
    const { decide } = open();
    const both = [descriptor({ quota_a: "x" }), descriptor({ quota_b: "x" })];
    expect([1, 2, 3].map(() => decide(both).overallCode)).toEqual(["OK", "OK", "OVER_LIMIT"]);
  });

  it("needs a store to be given", () => {
    expect(() => engineUnderTest(RULES, { onStoreFailure: "local" })).toThrow("no local store");
  });
});
