import { describe, expect, it } from "vitest";
import { BusinessEvents, type OverLimitFacts } from "../../../src/observe/business-events.js";
import { createLogger } from "../../../src/observe/log.js";
import { Metrics } from "../../../src/observe/metrics.js";

function observed(level = "info") {
  const lines: string[] = [];
  const timers: (() => void)[] = [];
  const logger = createLogger({ level, destination: { write: (line) => lines.push(line) } });
  const events = new BusinessEvents(new Metrics("1"), logger, { schedule: (callback) => timers.push(callback) });
  return {
    events,
    /** The second is over. */
    pass: () => {
      for (const timer of timers.splice(0)) timer();
    },
    logged: () => lines.map((line) => JSON.parse(line)),
  };
}

function over(more: Partial<OverLimitFacts> = {}): OverLimitFacts {
  return {
    domain: "shop",
    rule: "ip",
    outcome: "over_limit",
    overall: "OVER_LIMIT",
    limits: () => [{ requestsPerUnit: 5, unit: "minute" }],
    caller: undefined,
    ...more,
  };
}

function callerWith(fields: Readonly<Record<string, string>>): OverLimitFacts["caller"] {
  return { metadataValue: (name) => fields[name] };
}

describe("refusals in the log", () => {
  it("have the domain, the rule, its limits, and what the whole request was answered", () => {
    const { events, logged } = observed();
    events.descriptorOverLimit(over({ outcome: "shadow_over_limit", overall: "OK" }));
    expect(logged()).toEqual([
      {
        level: "info",
        time: expect.any(String),
        domain: "shop",
        rule: "ip",
        outcome: "shadow_over_limit",
        overall: "OK",
        limits: [{ requestsPerUnit: 5, unit: "minute" }],
        leftOut: 0,
        msg: "over the limit",
      },
    ]);
  });

  it("are a line a second for each rule, with how many were left out; the latest comes last", () => {
    const { events, pass, logged } = observed();
    for (let i = 0; i < 100; i++) events.descriptorOverLimit(over({ limits: () => [{ i }] }));
    events.descriptorOverLimit(over({ rule: "path" }));
    pass();
    pass();
    events.descriptorOverLimit(over());
    expect(logged().map(({ rule, leftOut, limits }) => [rule, leftOut, limits[0].i])).toEqual([
      ["ip", 0, 0],
      ["path", 0, undefined],
      ["ip", 98, 99],
      ["ip", 0, undefined],
    ]);
  });

  it("of more rules than 64 in one second are sampled together, and keep no other line out", () => {
    const { events, logged } = observed();
    for (let rule = 0; rule < 1_000; rule++) events.descriptorOverLimit(over({ rule: `rule-${rule}` }));
    events.storeFailed("redis", "gone");
    expect(logged().filter(({ msg }) => msg === "over the limit")).toHaveLength(65);
    expect(logged().at(-1)).toMatchObject({ msg: "the store failed" });
  });

  it("carry the id of the proxy's request and of its trace, at a bounded length", () => {
    const { events, logged } = observed();
    const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";
    events.descriptorOverLimit(over({ caller: callerWith({ "x-request-id": "an id", traceparent }) }));
    events.descriptorOverLimit(over({ rule: "b", caller: callerWith({ "x-request-id": "x".repeat(5_000) }) }));
    expect(logged()[0]).toMatchObject({ requestId: "an id", traceId: "4bf92f3577b34da6a3ce929d0e0e4736" });
    expect(logged()[1].requestId).toHaveLength(128);
    expect(logged()[1]).not.toHaveProperty("traceId");
  });

  it("cost nothing where the level is above them, or when they are left out: nobody is asked for details", () => {
    let asked = 0;
    const limits = () => {
      asked++;
      return [];
    };
    const caller = {
      metadataValue: () => {
        asked++;
        return undefined;
      },
    };
    const quiet = observed("warn");
    quiet.events.descriptorOverLimit(over({ limits, caller }));
    expect(asked).toBe(0);
    const { events } = observed();
    for (let i = 0; i < 50; i++) events.descriptorOverLimit(over({ limits, caller }));
    expect(asked).toBe(3);
  });

  it("that no refill can help are warnings, since a rule is wrong", () => {
    const { events, logged } = observed("warn");
    events.descriptorOverLimit(over({ outcome: "never_fits" }));
    expect(logged()).toEqual([
      expect.objectContaining({
        level: "warn",
        msg: "request costs more than the burst and can never pass",
        rule: "ip",
      }),
    ]);
  });

  it("that wait are written when the server stops", () => {
    const { events, logged } = observed();
    for (let i = 0; i < 3; i++) events.descriptorOverLimit(over());
    events.stopped();
    expect(logged().map(({ msg, leftOut }) => [msg, leftOut])).toEqual([
      ["over the limit", 0],
      ["over the limit", 1],
      ["stopped", undefined],
    ]);
  });
});

describe("a log", () => {
  it("is for people where that is asked for, a line an event", () => {
    const lines: string[] = [];
    const destination = { write: (line: string) => lines.push(line) };
    createLogger({ level: "info", format: "pretty", destination }).info({ domain: "shop" }, "over the limit");
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/INFO.*: over the limit \{"domain":"shop"\}\n$/);
  });

  it.each(["json", "auto"] as const)("is JSON where nobody watches: %s", (format) => {
    const lines: string[] = [];
    createLogger({ level: "info", format, destination: { write: (line) => lines.push(line) } }).info("ready");
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({ level: "info", msg: "ready" });
  });
});
