import { describe, expect, it } from "vitest";
import { Engine, type EngineSettings } from "../../../src/engine/engine.js";
import { EngineError } from "../../../src/engine/engine-error.js";
import { MemoryStore } from "../../../src/stores/memory/memory-store.js";
import { type Store, StoreFailure } from "../../../src/stores/store.js";
import {
  callerWaiting,
  DEFAULT_SETTINGS,
  descriptor,
  engineUnderTest,
  RecordedEvents,
} from "../../support/engine-under-test.js";

const RULES = `
domain: test
descriptors:
  - key: client
    rate_limit: { requests_per_unit: 5, unit: minute, name: per-client }
    metadata: { tier: { name: basic, weight: 1 }, from: client }
  - key: plan
    rate_limit:
      requests_per_unit: 1
      unit: minute
      name: plan
      replaces: [{ name: per-client }]
    metadata: { tier: { name: gold, colour: yellow }, list: [1, 2] }
  - key: vip
    rate_limit: { unlimited: true, name: vip, replaces: [{ name: plan }, { name: vip2 }] }
    metadata: { hidden: true }
  - key: shy
    shadow_mode: true
    rate_limit: { requests_per_unit: 1, unit: minute, name: shy, replaces: [{ name: proud }] }
  - key: proud
    rate_limit: { requests_per_unit: 1, unit: minute, name: proud, replaces: [{ name: shy }] }
`;

const client = (more = {}) => descriptor({ client: "a" }, more);

describe("D10: nothing to limit", () => {
  it("answers OK for an unknown domain, and counts it without its name", () => {
    const { decide, events } = engineUnderTest(RULES);
    expect(decide([client(), client()], { domain: "nope" })).toEqual({
      overallCode: "OK",
      statuses: [{ code: "OK" }, { code: "OK" }],
    });
    expect(events.descriptors).toEqual(Array(2).fill({ domain: "", rule: "", outcome: "unknown_domain" }));
  });

  it.each([
    [{ domain: "" }, "rate limit domain must not be empty"],
    [{ descriptors: [] }, "rate limit descriptor list must not be empty"],
  ])("refuses %j as invalid, with words that say which", (request, message) => {
    const { decide, events } = engineUnderTest(RULES);
    expect(() => decide([client()], request)).toThrow(new EngineError("invalid_request", message));
    expect(events.requests).toEqual(["invalid"]);
  });
});

describe("before the first rules", () => {
  const request = { domain: "test", hitsAddend: 0, descriptors: [client(), client()] };
  const withoutRules = (settings: Partial<EngineSettings>) => {
    const events = new RecordedEvents();
    const [store, localStore] = [new MemoryStore(), new MemoryStore()];
    const all = { ...DEFAULT_SETTINGS, ...settings };
    return { events, engine: new Engine({ rules: () => undefined, store, localStore, settings: all, events }) };
  };

  it.each(["error", "local"] as const)(
    "fails each request under %s, so that the proxy's failure mode decides",
    (rule) => {
      const { engine, events } = withoutRules({ onStoreFailure: rule });
      const words = "no rules have been received from the control plane yet";
      expect(() => engine.decide(request)).toThrow(new EngineError("no_rules", words));
      expect(events.requests).toEqual(["failed"]);
      expect(events.descriptors).toEqual(Array(2).fill({ domain: "", rule: "", outcome: "no_rules" }));
      expect(engine.explain("test", [{ key: "client", value: "a" }])).toBeUndefined();
    },
  );

  it.each([
    ["allow", {}, "OK", "OK"],
    ["deny", {}, "OVER_LIMIT", "OVER_LIMIT"],
    // Nothing is refused in shadow, whatever the statuses say (D6).
    ["deny", { globalShadow: true }, "OK", "OVER_LIMIT"],
  ] as const)("answers by %s %j", (rule, settings, overall, code) => {
    const { engine, events } = withoutRules({ onStoreFailure: rule, ...settings, tellsDetail: true });
    const detail = { degraded: true, rule: "" };
    expect(engine.decide(request)).toEqual({ overallCode: overall, statuses: [{ code }, { code }], detail });
    expect(events.requests).toEqual([overall === "OK" ? "ok" : "over_limit"]);
    expect(events.descriptors).toEqual(Array(2).fill({ domain: "", rule: "", outcome: "no_rules" }));
  });
});

describe("D9: overrides", () => {
  it("enforces the override in place of the rule, with burst = its rate", () => {
    const { decide } = engineUnderTest(RULES);
    const limited = descriptor({ vip: "x" }, { limit: { requestsPerUnit: 1, unit: "hour" } });
    expect(decide([limited])).toEqual({
      overallCode: "OK",
      statuses: [
        {
          code: "OK",
          currentLimit: { requestsPerUnit: 1, unit: "hour" },
          limitRemaining: 0,
          durationUntilResetSeconds: 3600,
        },
      ],
    });
    expect(decide([limited]).overallCode).toBe("OVER_LIMIT");
  });

  it("needs no rule, but a known domain", () => {
    const { decide } = engineUnderTest(RULES);
    const limited = descriptor({ unheard: "of" }, { limit: { requestsPerUnit: 0, unit: "second" } });
    expect(decide([limited]).overallCode).toBe("OVER_LIMIT");
    expect(decide([limited], { domain: "nope" }).overallCode).toBe("OK");
  });

  it.each([{ requestsPerUnit: 1 }, { requestsPerUnit: 1, unit: "second", unitMultiplier: 0 }] as const)(
    "ignores and counts %j",
    (limit) => {
      const { decide, events } = engineUnderTest(RULES);
      expect(decide([client({ limit })]).statuses[0]?.currentLimit?.requestsPerUnit).toBe(5);
      expect(events.overridesIgnored).toEqual(["test"]);
    },
  );

  it("adds no tokens to the bucket of the rule it replaces (D11)", () => {
    const { decide } = engineUnderTest(RULES);
    decide([descriptor({ shy: "x" })]);
    const generous = descriptor({ proud: "x" }, { limit: { requestsPerUnit: 100, unit: "minute" } });
    decide([generous], { hitsAddend: 100 });
    expect(decide([descriptor({ proud: "x" }, { limit: { requestsPerUnit: 200, unit: "minute" } })]).overallCode).toBe(
      "OVER_LIMIT",
    );
  });

  it("counts as the rule does that it replaces, in its bucket (D11)", () => {
    const { decide } = engineUnderTest(`
domain: test
descriptors:
  - key: client
    rate_limit: { requests_per_unit: 5, unit: hour, algorithm: fixed_window }
`);
    decide([client()], { hitsAddend: 5 });
    const limit = { requestsPerUnit: 10, unit: "hour" } as const;
    expect(decide([client({ limit })]).overallCode).toBe("OVER_LIMIT");
  });

  it("answers for a period that is longer than any that can be counted", () => {
    const { decide } = engineUnderTest(RULES);
    const limit = { requestsPerUnit: 1, unit: "year", unitMultiplier: 4294967295 } as const;
    expect(decide([client({ limit })]).statuses[0]?.currentLimit?.unitMultiplier).toBe(4294967295);
    expect(decide([client({ limit })]).overallCode).toBe("OVER_LIMIT");
  });
});

describe("replaces", () => {
  it("drops the limits that another one names", () => {
    const { decide, events } = engineUnderTest(RULES);
    const { statuses } = decide([client(), descriptor({ plan: "p" })]);
    expect(statuses[0]).toEqual({ code: "OK" });
    expect(statuses[1]?.limitRemaining).toBe(0);
    expect(events.descriptors.map((event) => event.outcome)).toEqual(["replaced", "ok"]);
    expect(decide([client({ hitsAddend: 0 })]).statuses[0]?.limitRemaining).toBe(5);
  });

  it("collects names over replaced and unlimited limits too, and never drops an unlimited one", () => {
    const { decide } = engineUnderTest(RULES);
    const { statuses } = decide([client(), descriptor({ plan: "p" }), descriptor({ vip: "v" })]);
    expect(statuses).toEqual([{ code: "OK" }, { code: "OK" }, { code: "OK", limitRemaining: 4294967295 }]);
  });

  it("drops both of two limits that name each other, shadow or not", () => {
    const { decide } = engineUnderTest(RULES);
    const both = [descriptor({ shy: "x" }), descriptor({ proud: "x" })];
    for (let i = 0; i < 3; i++) expect(decide(both).statuses).toEqual([{ code: "OK" }, { code: "OK" }]);
  });
});

describe("deny_response", () => {
  const DENY = `
domain: test
descriptors:
  - key: plain
    rate_limit: { requests_per_unit: 0, unit: day }
  - key: polite
    rate_limit: { requests_per_unit: 1, unit: day }
    deny_response: { body: "later", headers: { Retry-Later: "yes" } }
  - key: second
    rate_limit: { requests_per_unit: 0, unit: day }
    deny_response: { body: "second" }
  - key: shy
    shadow_mode: true
    rate_limit: { requests_per_unit: 0, unit: day }
    deny_response: { body: "never" }
`;
  const polite = descriptor({ polite: "x" });

  it("goes with a refusal, and with nothing else", () => {
    const { decide } = engineUnderTest(DENY);
    expect(decide([polite])).not.toHaveProperty("denyResponse");
    expect(decide([polite]).denyResponse).toEqual({
      body: "later",
      headers: [{ key: "retry-later", value: "yes" }],
    });
    expect(decide([descriptor({ plain: "x" })])).not.toHaveProperty("denyResponse");
  });

  it("is that of the first descriptor that was refused and has one", () => {
    const { decide } = engineUnderTest(DENY);
    const all = [descriptor({ plain: "x" }), polite, descriptor({ shy: "x" }), descriptor({ second: "x" })];
    expect(decide(all).denyResponse?.body).toBe("second");
  });

  it("is not sent under global shadow", () => {
    const { decide } = engineUnderTest(DENY, { globalShadow: true });
    expect(decide([descriptor({ second: "x" })])).not.toHaveProperty("denyResponse");
  });
});

describe("several limits on one descriptor", () => {
  const SEVERAL = `
domain: test
descriptors:
  - key: client
    rate_limits:
      - { requests_per_unit: 2, unit: second }
      - { requests_per_unit: 4, unit: hour, name: hourly }
      - { requests_per_unit: 4, unit: day }
`;

  it("tells the smallest remaining, the first in the file on a tie, and when refused the latest reset (D7)", () => {
    const { decide, clock } = engineUnderTest(SEVERAL);
    const told = () => decide([client()]).statuses[0];
    expect(told()).toMatchObject({ currentLimit: { unit: "second" }, limitRemaining: 1 });
    told();
    expect(told()).toMatchObject({ code: "OVER_LIMIT", currentLimit: { unit: "second" } });
    clock.nowMicros += 1_000_000;
    expect(told()).toMatchObject({ currentLimit: { unit: "second" }, limitRemaining: 1 });
    expect(told()).toMatchObject({ currentLimit: { unit: "second" }, limitRemaining: 0 });
    clock.nowMicros += 1_000_000;
    expect(told()).toMatchObject({
      code: "OVER_LIMIT",
      currentLimit: { unit: "day" },
      limitRemaining: 0,
      durationUntilResetSeconds: 21_598,
    });
  });
});

describe("dynamic metadata", () => {
  it("merges what limits that passed carry: the first wins, maps merge deep", () => {
    const { decide } = engineUnderTest(RULES.replace(/replaces: \[\{ name: per-client \}\]/, ""));
    expect(decide([client(), descriptor({ plan: "p" })]).dynamicMetadata).toEqual({
      metadata: { tier: { name: "basic", weight: 1, colour: "yellow" }, from: "client", list: [1, 2] },
    });
    expect(decide([client(), descriptor({ plan: "p" })]).dynamicMetadata).toEqual({
      metadata: { tier: { name: "basic", weight: 1 }, from: "client" },
    });
  });

  it("is absent when no limit that passed carries any", () => {
    const { decide } = engineUnderTest(RULES);
    expect(decide([descriptor({ vip: "x" })])).not.toHaveProperty("dynamicMetadata");
    expect(decide([descriptor({ proud: "x" })])).not.toHaveProperty("dynamicMetadata");
  });

  it("tells about the request too when the setting says so", () => {
    const { decide } = engineUnderTest(RULES, { responseDynamicMetadata: true });
    const limit = { requestsPerUnit: 7, unit: "minute" } as const;
    const request = [descriptor({ unheard: "of", b: "" }, { limit, hitsAddend: 2 })];
    expect(decide(request, { hitsAddend: 3 }).dynamicMetadata).toEqual({
      domain: "test",
      descriptors: [{ entries: ["unheard=of", "b="], limit: "requests_per_unit:7 unit:MINUTE", hitsAddend: 2 }],
      hitsAddend: 3,
    });
  });
});

describe("D13: when the store fails", () => {
  const failing = (failure: unknown, sync = false): Store => ({
    kind: "redis",
    decide: () => {
      if (sync) throw failure;
      return Promise.reject(failure);
    },
    isReady: () => false,
    close: async () => {},
  });
  const gone = new StoreFailure("unavailable", "gone");
  const two = [client(), descriptor({ vip: "x" })];

  it.each([false, true])("throws by default, and counts what failed (at once: %s)", async (sync) => {
    const { engine, events } = engineUnderTest(RULES, {}, failing(gone, sync));
    const decide = async () => engine.decide({ domain: "test", hitsAddend: 0, descriptors: two });
    await expect(decide()).rejects.toMatchObject({ kind: "store_failure", message: "the redis store failed: gone" });
    expect(events.descriptors.map((event) => event.outcome)).toEqual(["failed", "unlimited"]);
    expect(events.store).toEqual(["unavailable"]);
    expect(events.requests).toEqual(["failed"]);
  });

  it("lets through under allow, with codes only", async () => {
    const { decide, events } = engineUnderTest(RULES, { onStoreFailure: "allow" }, failing(gone));
    expect(await decide(two)).toEqual({ overallCode: "OK", statuses: [{ code: "OK" }, { code: "OK" }] });
    expect(events.descriptors.map((event) => event.outcome)).toEqual(["failed_open", "unlimited"]);
  });

  it("refuses under deny what could have been refused, with codes only", async () => {
    const { decide } = engineUnderTest(RULES, { onStoreFailure: "deny" }, failing(gone));
    expect(await decide(two)).toEqual({
      overallCode: "OVER_LIMIT",
      statuses: [{ code: "OVER_LIMIT" }, { code: "OK" }],
    });
    expect((await decide([descriptor({ shy: "x" })])).overallCode).toBe("OK");
    expect((await decide([client({ isNegativeHits: true })])).overallCode).toBe("OK");
  });

  it("does not ask the store when nothing needs it", () => {
    const { decide } = engineUnderTest(RULES, {}, failing(gone, true));
    expect(decide([descriptor({ vip: "x" })]).overallCode).toBe("OK");
  });

  it("does not charge when the caller's deadline leaves no time", () => {
    const { engine, decide, events } = engineUnderTest(RULES);
    const request = { domain: "test", hitsAddend: 0, descriptors: [client()] };
    expect(() => engine.decide(request, callerWaiting(1))).toThrow(/deadline/);
    expect(events.store).toEqual(["timeout"]);
    expect(decide([client({ hitsAddend: 0 })]).statuses[0]?.limitRemaining).toBe(5);
  });

  it("passes on faults that are not the store's", async () => {
    const { engine } = engineUnderTest(RULES, { onStoreFailure: "allow" }, failing(new TypeError("a bug")));
    const request = { domain: "test", hitsAddend: 0, descriptors: [client()] };
    await expect(engine.decide(request)).rejects.toThrow("a bug");
  });
});
