import { describe, expect, it } from "vitest";
import type { EngineCaller } from "../../../src/engine/request.js";
import { type Caller, type Store, StoreFailure } from "../../../src/stores/store.js";
import { descriptor, engineUnderTest } from "../../support/engine-under-test.js";

const RULES = `
domain: test
descriptors:
  - key: client
    rate_limit: { requests_per_unit: 2, unit: minute }
  - key: free
    rate_limit: { unlimited: true }
`;
const REQUEST = {
  domain: "test",
  hitsAddend: 0,
  descriptors: [descriptor({ client: "a" }), descriptor({ free: "x" }), descriptor({ nobody: "knows" })],
};
const CANCELLED = new StoreFailure("cancelled", "the caller has gone");

/** A store that answers so, and remembers for whom it was asked. */
function storeThat(decide: () => never | Promise<never>): Store & { readonly callers: (Caller | undefined)[] } {
  const callers: (Caller | undefined)[] = [];
  return {
    kind: "redis",
    callers,
    decide: (_charges, _budget, caller) => {
      callers.push(caller);
      return decide();
    },
    isReady: () => true,
    close: async () => {},
  };
}

describe("a caller that goes away", () => {
  it.each([
    ["throws", () => thrower(CANCELLED)],
    ["rejects", () => Promise.reject(CANCELLED)],
  ] as const)(
    "before the store has charged is neither a failure of the store nor decided over: it %s",
    async (_, how) => {
      for (const onStoreFailure of ["error", "allow", "deny", "local"] as const) {
        const localStore = { decide: () => thrower(new Error("nobody is to decide")) };
        const { engine, events } = engineUnderTest(RULES, { onStoreFailure }, storeThat(how), { localStore });
        const decide = async () => engine.decide(REQUEST);
        await expect(decide()).rejects.toMatchObject({ kind: "cancelled", message: "the caller has gone" });
        expect(events.requests).toEqual(["cancelled"]);
        expect(events.descriptors.map(({ outcome }) => outcome)).toEqual(["cancelled", "unlimited", "no_rule"]);
        expect(events.store).toEqual(["cancelled"]);
        expect(events.storeFailures).toEqual([]);
      }
    },
  );

  it("before the store was asked is not charged", () => {
    const { engine, events, decide } = engineUnderTest(RULES);
    const gone = { remainingMillis: 0, isCancelled: true };
    expect(() => engine.decide(REQUEST, gone)).toThrow(expect.objectContaining({ kind: "cancelled" }));
    expect(events.store).toEqual(["cancelled"]);
    expect(decide([descriptor({ client: "a" }, { hitsAddend: 0 })]).statuses[0]?.limitRemaining).toBe(2);
  });

  it("is one that the store can ask about while it waits", async () => {
    const store = storeThat(() => Promise.reject(CANCELLED));
    const { engine } = engineUnderTest(RULES, {}, store);
    const caller: EngineCaller = { remainingMillis: 20, isCancelled: false };
    await expect(engine.decide(REQUEST, caller)).rejects.toThrow();
    await expect(engine.decide(REQUEST)).rejects.toThrow();
    expect(store.callers).toEqual([caller, undefined]);
    expect(store.callers[0]).toBe(caller);
  });
});

function thrower(error: unknown): never {
  throw error;
}
