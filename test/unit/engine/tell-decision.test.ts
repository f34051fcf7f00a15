import { describe, expect, it } from "vitest";
import { type Store, StoreFailure } from "../../../src/stores/store.js";
import { callerWaiting, descriptor, engineUnderTest } from "../../support/engine-under-test.js";

const RULES = `
domain: test
descriptors:
  - key: client
    rate_limit: { requests_per_unit: 4, unit: minute }
  - key: small
    rate_limit: { requests_per_unit: 2, unit: hour, unit_multiplier: 3, name: tiny }
  - key: free
    rate_limit: { unlimited: true }
  - key: shy
    shadow_mode: true
    rate_limit: { requests_per_unit: 1, unit: minute }
  - key: banned
    rate_limit: { requests_per_unit: 0, unit: day }
  - key: tokens
    rate_limit: { requests_per_unit: 10, unit: minute }
`;
const client = descriptor({ client: "a" });
const small = descriptor({ small: "b" });
const admitted = (hits: number) => ({ admitted: hits, refused: 0 });
const refused = (hits: number) => ({ admitted: 0, refused: hits });
const neither = { admitted: 0, refused: 0 };

/** A store that is not there. */
const GONE: Store = {
  kind: "redis",
  decide: () => Promise.reject(new StoreFailure("unavailable", "gone")),
  isReady: () => false,
  close: async () => {},
};

describe("hits are told", () => {
  it("as admitted when the request is, under each of its rules", () => {
    const { decide, events } = engineUnderTest(RULES);
    decide([client, descriptor({ free: "x" }), descriptor({ nobody: "knows" })], { hitsAddend: 2 });
    expect(events.hits).toEqual([admitted(2), admitted(2), neither]);
  });

  it("as refused by the rule that refuses, and not under those that would have let them through", () => {
    const { decide, events } = engineUnderTest(RULES);
    decide([client, small], { hitsAddend: 3 });
    expect(events.hits).toEqual([neither, refused(3)]);
  });

  it("as admitted where a shadow rule or a global shadow lets them through", () => {
    const shadow = engineUnderTest(RULES);
    shadow.decide([descriptor({ shy: "x" })], { hitsAddend: 3 });
    expect(shadow.events.hits).toEqual([admitted(3)]);
    const global = engineUnderTest(RULES, { globalShadow: true });
    global.decide([small], { hitsAddend: 3 });
    expect(global.events.hits).toEqual([admitted(3)]);
  });

  it("as admitted where a cost was announced, though it is answered OVER_LIMIT", () => {
    const { decide, events } = engineUnderTest(RULES);
    decide([descriptor({ tokens: "x" }, { hitsAddend: 0 })]);
    const { overallCode } = decide([descriptor({ tokens: "x" }, { hitsAddend: 15 })]);
    expect(overallCode).toBe("OVER_LIMIT");
    expect(events.hits).toEqual([admitted(0), admitted(15)]);
  });

  it("not at all of a refund", () => {
    const { decide, events } = engineUnderTest(RULES);
    decide([descriptor({ client: "a" }, { hitsAddend: 2, isNegativeHits: true })]);
    expect(events.hits).toEqual([neither]);
  });

  it.each([
    ["error", neither],
    ["allow", admitted(3)],
    ["deny", refused(3)],
  ] as const)("without a store as what then decided says: %s", async (onStoreFailure, told) => {
    const { engine, events } = engineUnderTest(RULES, { onStoreFailure }, GONE);
    const request = { domain: "test", hitsAddend: 3, descriptors: [client] };
    await Promise.resolve(engine.decide(request)).catch(() => {});
    expect(events.hits).toEqual([told]);
    expect(events.bucketsAsked).toHaveLength(1);
    expect(events.sharesLeft).toEqual([]);
  });
});

describe("buckets are told", () => {
  it("by their identity, and by the share of the burst that is left", () => {
    const { decide, events } = engineUnderTest(RULES);
    decide([client], { hitsAddend: 1 });
    decide([client, small], { hitsAddend: 3 });
    expect(events.bucketsAsked).toEqual([
      "1|test|client=a|token_bucket:60s",
      "1|test|client=a|token_bucket:60s",
      "1|test|small=b|token_bucket:10800s:tiny",
    ]);
    expect(events.sharesLeft).toEqual([0.75, 0.75, 1]);
  });

  it("as empty in debt, and not at all where the limit bans", () => {
    const { decide, events } = engineUnderTest(RULES);
    decide([descriptor({ tokens: "x" }, { hitsAddend: 0 })]);
    decide([descriptor({ tokens: "x" }, { hitsAddend: 15 })]);
    decide([descriptor({ banned: "x" })]);
    expect(events.sharesLeft).toEqual([1, 0]);
    expect(events.bucketsAsked).toHaveLength(3);
  });
});

describe("a descriptor over its limit is told", () => {
  it("with its rule, the limits that refused, what the request was answered, and who asked", () => {
    const { engine, events } = engineUnderTest(RULES);
    const caller = callerWaiting(20);
    void engine.decide({ domain: "test", hitsAddend: 3, descriptors: [client, small] }, caller);
    expect(events.overLimit).toEqual([
      expect.objectContaining({ domain: "test", rule: "small", outcome: "never_fits", overall: "OVER_LIMIT" }),
    ]);
    expect(events.overLimit[0]?.caller).toBe(caller);
    expect(events.overLimit[0]?.limits()).toEqual([
      {
        requestsPerUnit: 2,
        unit: "hour",
        unitMultiplier: 3,
        name: "tiny",
        burst: 2,
        hits: 3,
        tokens: 2,
        bucket: "1|test|small=b|token_bucket:10800s:tiny",
      },
    ]);
  });

  it("also where it is let through: by a shadow rule, or a global shadow", () => {
    const shadow = engineUnderTest(RULES);
    shadow.decide([descriptor({ shy: "x" }), client], { hitsAddend: 2 });
    const global = engineUnderTest(RULES, { globalShadow: true });
    global.decide([small], { hitsAddend: 3 });
    for (const { events, rule } of [
      { events: shadow.events, rule: "shy" },
      { events: global.events, rule: "small" },
    ]) {
      expect(events.overLimit).toEqual([
        expect.objectContaining({ rule, outcome: "shadow_over_limit", overall: "OK" }),
      ]);
    }
  });

  it("by the digest of its value where values are hashed", () => {
    const identifyBucket = () => "1|test|client^digest|token_bucket:60s";
    const { decide, events } = engineUnderTest(RULES, {}, undefined, { identifyBucket });
    decide([client], { hitsAddend: 9 });
    const words = JSON.stringify(events.overLimit.map((over) => over.limits()));
    expect(words).toContain("client^digest");
    expect(words).not.toContain("=a");
  });
});
