import { describe, expect, it } from "vitest";
import { Engine } from "../../../src/engine/engine.js";
import { EngineError } from "../../../src/engine/engine-error.js";
import { compileRules } from "../../../src/rules/load-rules.js";
import { MemoryStore } from "../../../src/stores/memory/memory-store.js";
import { type Store, StoreFailure } from "../../../src/stores/store.js";
import { callerWaiting, descriptor, engineUnderTest, RecordedEvents } from "../../support/engine-under-test.js";

const RULES = `
domain: test
descriptors:
  - key: client
    rate_limit: { requests_per_unit: 2, unit: minute }
  - key: pass
  - key: free
    rate_limit: { unlimited: true }
  - key: shy
    shadow_mode: true
    rate_limit: { requests_per_unit: 0, unit: minute }
`;
const client = descriptor({ client: "a" });
const SETTINGS = {
  storeTimeoutMillis: 10,
  onStoreFailure: "error",
  localShare: 1,
  defaultAlgorithm: "token_bucket",
  globalShadow: false,
  globalQuota: false,
  responseDynamicMetadata: false,
} as const;

/** A store that fails after moving the clock by 3 ms, or answers as the memory store does. */
function engineWithClock(fails: boolean) {
  const events = new RecordedEvents();
  const memory = new MemoryStore();
  let nowMillis = 1000;
  const store: Store = {
    kind: "redis",
    decide: (charges) => {
      nowMillis += 3;
      if (fails) throw new StoreFailure("error", "broken");
      return memory.decide(charges);
    },
    isReady: () => true,
    close: async () => {},
  };
  const { rules } = compileRules([{ path: "test.yaml", text: RULES }]);
  if (rules === undefined) throw new Error("the rules are broken");
  const clock = (): number => nowMillis++;
  const engine = new Engine({ rules: () => rules, store, settings: SETTINGS, events, nowMillis: clock });
  return { engine, events };
}

describe("what the engine tells of a request", () => {
  it("is that it was let through or refused", () => {
    const { decide, events } = engineUnderTest(RULES);
    for (let i = 0; i < 3; i++) decide([client]);
    expect(events.requests).toEqual(["ok", "ok", "over_limit"]);
    expect(events.store).toEqual(["ok", "ok", "ok"]);
  });

  it("is that it was let through where nothing limits it", () => {
    const { decide, events } = engineUnderTest(RULES);
    decide([descriptor({ free: "x" })]);
    decide([descriptor({ pass: "x" })]);
    decide([client], { domain: "nope" });
    expect(events.requests).toEqual(["ok", "ok", "ok"]);
    expect(events.store).toEqual([]);
    expect(events.descriptors.map(({ rule, outcome }) => [rule, outcome])).toEqual([
      ["free", "unlimited"],
      ["pass", "no_rule"],
      ["", "unknown_domain"],
    ]);
  });

  it("is that it was let through under global shadow, and what it would have been", () => {
    const { decide, events } = engineUnderTest(RULES, { globalShadow: true });
    decide([client]);
    decide([client], { hitsAddend: 3 });
    decide([client], { hitsAddend: 2 });
    decide([descriptor({ shy: "x" }), descriptor({ pass: "x" })]);
    expect(events.requests).toEqual(["ok", "ok", "ok", "ok"]);
    const outcomes = events.descriptors.map(({ outcome }) => outcome);
    expect(outcomes).toEqual(["ok", "shadow_over_limit", "shadow_over_limit", "shadow_over_limit", "no_rule"]);
  });

  it.each([
    ["allow", "ok"],
    ["deny", "over_limit"],
  ] as const)("is what %s made of it when the store failed", async (onStoreFailure, outcome) => {
    const failing: Store = {
      kind: "redis",
      decide: () => Promise.reject(new StoreFailure("timeout", "late")),
      isReady: () => true,
      close: async () => {},
    };
    const { decide, events } = engineUnderTest(RULES, { onStoreFailure }, failing);
    await decide([client]);
    expect(events.requests).toEqual([outcome]);
    expect(events.storeFailures).toEqual(["late"]);
  });

  it("is how long it took in all, and how long the store took of that, in seconds", () => {
    const { engine, events } = engineWithClock(false);
    void engine.decide({ domain: "test", hitsAddend: 0, descriptors: [client] });
    expect(events.seconds).toEqual([0.004, 0.006]);
  });

  it("is how long it took when the store failed, too, and the error keeps what failed", () => {
    const { engine, events } = engineWithClock(true);
    let caught: unknown;
    try {
      void engine.decide({ domain: "test", hitsAddend: 0, descriptors: [client] });
    } catch (error) {
      caught = error;
    }
    expect(caught).toBeInstanceOf(EngineError);
    expect(caught).toMatchObject({ name: "EngineError", cause: { message: "broken" } });
    expect(events.seconds).toEqual([0.004, 0.006]);
  });

  it("is a duration even by the clock of its own", () => {
    const { decide, events } = engineUnderTest(RULES);
    decide([client]);
    for (const seconds of events.seconds) expect(seconds).toBeGreaterThanOrEqual(0);
    expect(Math.max(...events.seconds)).toBeLessThan(60);
  });
});

describe("the caller's deadline", () => {
  it("leaves no time when all of it is needed for the way back", () => {
    const { engine, events } = engineUnderTest(RULES);
    const request = { domain: "test", hitsAddend: 0, descriptors: [client] };
    expect(() => engine.decide(request, callerWaiting(2))).toThrow(/deadline/);
    expect(() => engine.decide(request, callerWaiting(2.001))).not.toThrow();
    expect(events.store).toEqual(["timeout", "ok"]);
  });
});
