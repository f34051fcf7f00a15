import { describe, expect, it } from "vitest";
import type { EngineEvents } from "../../../src/engine/events.js";
import { BusinessEvents } from "../../../src/observe/business-events.js";
import { createLogger } from "../../../src/observe/log.js";
import { Metrics } from "../../../src/observe/metrics.js";

function observed(level = "info") {
  const lines: string[] = [];
  const metrics = new Metrics("1.2.3");
  const logger = createLogger({ level, destination: { write: (line) => lines.push(line) } });
  const timers: (() => void)[] = [];
  const events = new BusinessEvents(metrics, logger, (callback) => timers.push(callback));
  return {
    events,
    metrics,
    timers,
    /** What was logged, without the time, which each line must have. */
    logged: () =>
      lines.map((line) => {
        const { time, ...rest } = JSON.parse(line);
        expect(new Date(time).toISOString()).toBe(time);
        return rest;
      }),
  };
}

describe("business events", () => {
  it("fit what the engine tells", () => {
    const events: EngineEvents = observed().events;
    expect(events).toBeInstanceOf(BusinessEvents);
  });

  it("count decisions and store operations without a line in the log", async () => {
    const { events, metrics, logged } = observed("trace");
    events.descriptorDecided("shop", "ip", "ok");
    events.requestDecided("ok", 0.001);
    events.storeAnswered("memory", "ok", 0.001);
    const text = await metrics.registry.metrics();
    expect(text).toContain('weir_decisions_total{domain="shop",rule="ip",outcome="ok"} 1');
    expect(text).toContain('weir_request_duration_seconds_count{outcome="ok"} 1');
    expect(text).toContain('weir_store_operations_total{store="memory",status="ok"} 1');
    expect(logged()).toEqual([]);
  });

  it("log a failing store once a second by its words, with how much was left out", () => {
    const { events, timers, logged } = observed();
    for (let i = 0; i < 5; i++) events.storeFailed("redis", "no answer within 10 ms");
    events.storeFailed("redis", "connection refused");
    for (const timer of timers.splice(0)) timer();
    const line = { level: "error", store: "redis", msg: "the store failed" };
    expect(logged()).toEqual([
      { ...line, reason: "no answer within 10 ms", leftOut: 0 },
      { ...line, reason: "connection refused", leftOut: 0 },
      { ...line, reason: "no answer within 10 ms", leftOut: 3 },
    ]);
  });

  it("count every override that is ignored and log a sample for each domain", async () => {
    const { events, metrics, logged } = observed();
    for (const domain of ["shop", "shop", "bank"]) events.overrideIgnored(domain);
    expect(await metrics.registry.metrics()).toContain('weir_overrides_ignored_total{domain="shop"} 2');
    const msg = "a descriptor's own limit was ignored: no usable unit or unit_multiplier";
    expect(logged()).toEqual([
      { level: "warn", domain: "shop", leftOut: 0, msg },
      { level: "warn", domain: "bank", leftOut: 0, msg },
    ]);
  });

  it("log rules and their warnings, and show how many are in force", async () => {
    const { events, metrics, logged } = observed();
    events.rulesLoaded({ path: "config/rules", domains: 2, rules: 7, warnings: ["a.yaml:1:1: warning: odd"] });
    expect(await metrics.registry.metrics()).toContain("weir_rules_loaded 7\n");
    expect(logged()).toEqual([
      {
        level: "warn",
        path: "config/rules",
        warning: "a.yaml:1:1: warning: odd",
        msg: "the rules have a doubtful place",
      },
      { level: "info", path: "config/rules", domains: 2, rules: 7, warnings: 1, msg: "rules loaded" },
    ]);
  });

  it("log the start and the stop, what was left out before the stop's last line", () => {
    const { events, logged } = observed();
    const summary = { version: "1.2.3", store: "memory", grpcPort: 8081, httpPort: 8080 };
    events.started(summary);
    events.stopping();
    events.storeFailed("redis", "closed");
    events.storeFailed("redis", "closed");
    events.stopped();
    expect(logged().map(({ msg, leftOut }) => [msg, leftOut])).toEqual([
      ["ready", undefined],
      ["stopping", undefined],
      ["the store failed", 0],
      ["the store failed", 0],
      ["stopped", undefined],
    ]);
    expect(logged()[0]).toEqual({ level: "info", ...summary, msg: "ready" });
  });

  it("are logged only from the level that is set on", () => {
    const { events, logged } = observed("error");
    events.stopping();
    events.storeFailed("redis", "closed");
    expect(logged().map((line) => line.level)).toEqual(["error"]);
  });
});
