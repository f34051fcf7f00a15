import { describe, expect, it } from "vitest";
import type { EngineEvents } from "../../../src/engine/events.js";
import { BusinessEvents } from "../../../src/observe/business-events.js";
import { createLogger } from "../../../src/observe/log.js";
import { Metrics } from "../../../src/observe/metrics.js";

const firstLoad = { isFirst: true, isPartial: false, seconds: 0.125 };
const reload = { isFirst: false, isPartial: false, seconds: 0.5 };

function observed(level = "info") {
  const lines: string[] = [];
  const metrics = new Metrics("1.2.3");
  const logger = createLogger({ level, destination: { write: (line) => lines.push(line) } });
  const timers: (() => void)[] = [];
  const events = new BusinessEvents(metrics, logger, { schedule: (callback) => timers.push(callback) });
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
    events.descriptorDecided("shop", "ip", "ok", 3, 0);
    events.bucketAsked("a bucket");
    events.bucketDecided(0.25);
    events.requestDecided("ok", 0.001);
    events.storeAnswered("memory", "ok", 0.001, undefined);
    const text = await metrics.registry.metrics();
    expect(text).toContain('weir_decisions_total{domain="shop",rule="ip",outcome="ok"} 1');
    expect(text).toContain('weir_hits_total{domain="shop",rule="ip",result="admitted"} 3');
    expect(text).toContain("weir_active_keys 1\n");
    expect(text).toContain('weir_bucket_fill_ratio_bucket{le="0.2"} 0');
    expect(text).toContain('weir_bucket_fill_ratio_bucket{le="0.3"} 1');
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
    const warnings = { texts: ["a.yaml:1:1: warning: odd"], more: 0 };
    events.rulesInForce({ path: "config/rules", domains: 2, rules: 7, warnings }, firstLoad);
    expect(await metrics.registry.metrics()).toContain("weir_rules_loaded 7\n");
    expect(logged()).toEqual([
      {
        level: "warn",
        path: "config/rules",
        warning: "a.yaml:1:1: warning: odd",
        msg: "warning in the rules",
      },
      { level: "info", path: "config/rules", domains: 2, rules: 7, warnings: 1, seconds: 0.125, msg: "rules loaded" },
    ]);
  });

  it("count reloads by what they came to, and show whether the last one was good and when one was", async () => {
    const { events, metrics } = observed();
    const seen = async () => {
      const text = await metrics.registry.metrics();
      const read = (name: string) =>
        Number(
          text
            .split("\n")
            .find((line) => line.startsWith(`${name} `))
            ?.split(" ")[1],
        );
      return {
        results: text.match(/(?<=weir_rules_reloads_total\{result=).*/g),
        successful: read("weir_rules_last_reload_successful"),
        successTime: read("weir_rules_last_reload_success_timestamp_seconds"),
        duration: read("weir_rules_reload_duration_seconds_sum"),
      };
    };
    const summary = { path: "r", domains: 1, rules: 1, warnings: { texts: [], more: 0 } };
    const before = Date.now() / 1000;
    events.rulesInForce(summary, firstLoad);
    const started = await seen();
    expect(started).toMatchObject({ results: ['"ok"} 0', '"error"} 0', '"unchanged"} 0'], successful: 1, duration: 0 });
    expect(started.successTime).toBeGreaterThanOrEqual(before - 1);
    expect(started.successTime).toBeLessThanOrEqual(Date.now() / 1000);

    events.rulesInForce(summary, reload);
    events.rulesRefused("r", { texts: ["bad"], more: 0 }, 0.25);
    const refused = await seen();
    expect(refused).toMatchObject({
      results: ['"ok"} 1', '"error"} 1', '"unchanged"} 0'],
      successful: 0,
      duration: 0.75,
    });

    events.rulesUnchanged("r", 0.25);
    const unchanged = await seen();
    expect(unchanged).toMatchObject({
      results: ['"ok"} 1', '"error"} 1', '"unchanged"} 1'],
      successful: 1,
      duration: 1,
    });
    expect(unchanged.successTime).toBeGreaterThanOrEqual(refused.successTime);
  });

  it("count rules that were sent and refused, whole or in part, and leave the faults to who logs their version", async () => {
    const { events, metrics, logged } = observed();
    const errors = async (): Promise<string | undefined> =>
      (await metrics.registry.metrics()).match(/weir_rules_reloads_total\{result="error"\} .*/)?.[0]?.split(" ")[1];
    // Before there are rules none are bad.
    expect(await metrics.registry.metrics()).toContain("weir_rules_last_reload_successful 1\n");
    events.sentRulesRefused(0.25);
    expect([await errors(), logged()]).toEqual(["1", []]);
    const summary = { path: "r", domains: 1, rules: 2, warnings: { texts: [], more: 0 } };
    events.rulesInForce(summary, { ...firstLoad, isPartial: true });
    expect(await errors()).toBe("2");
    events.rulesInForce(summary, { ...reload, isPartial: true });
    expect(await errors()).toBe("3");
    const facts = { level: "info", path: "r", domains: 1, rules: 2, warnings: 0 };
    expect(logged()).toEqual([
      { ...facts, seconds: 0.125, msg: "rules partly loaded: refused resources keep their last good version" },
      { ...facts, seconds: 0.5, msg: "rules partly reloaded: refused resources keep their last good version" },
    ]);
  });

  it("log reloads: what is in force now, or the faults and that the last good rules stay", () => {
    const { events, logged } = observed();
    events.rulesInForce({ path: "r", domains: 1, rules: 2, warnings: { texts: ["odd"], more: 3 } }, reload);
    events.rulesUnchanged("r", 0.25);
    events.rulesRefused("r", { texts: ["r:1:1: wrong\n  x\n  ^"], more: 7 }, 0.125);
    events.rulesNotWatched("r", "no space left");
    expect(logged()).toEqual([
      { level: "warn", path: "r", warning: "odd", msg: "warning in the rules" },
      { level: "info", path: "r", domains: 1, rules: 2, warnings: 4, seconds: 0.5, msg: "rules reloaded" },
      { level: "info", path: "r", seconds: 0.25, msg: "rules read again: nothing has changed" },
      {
        level: "error",
        path: "r",
        faults: ["r:1:1: wrong\n  x\n  ^"],
        more: 7,
        seconds: 0.125,
        msg: "rules not reloaded: the last good ones stay in force",
      },
      {
        level: "warn",
        folder: "r",
        reason: "no space left",
        msg: "cannot watch this folder: changes are found by polling or SIGHUP only",
      },
    ]);
  });

  it("log the start and the stop, what was left out before the stop's last line", () => {
    const { events, logged } = observed();
    const summary = { version: "1.2.3", store: "memory", grpcPort: 8081, httpPort: 8080 };
    events.listening(summary);
    events.notReadyYet(["the redis store has not been reached yet"]);
    events.ready();
    events.stopping();
    events.storeFailed("redis", "closed");
    events.storeFailed("redis", "closed");
    events.stopped();
    expect(logged().map(({ msg, leftOut }) => [msg, leftOut])).toEqual([
      ["listening", undefined],
      ["not ready yet", undefined],
      ["ready", undefined],
      ["stopping", undefined],
      ["the store failed", 0],
      ["the store failed", 0],
      ["stopped", undefined],
    ]);
    expect(logged()[0]).toEqual({ level: "info", ...summary, msg: "listening" });
    expect(logged()[1]).toMatchObject({ level: "warn", reasons: ["the redis store has not been reached yet"] });
  });

  it("are logged only from the level that is set on", () => {
    const { events, logged } = observed("error");
    events.stopping();
    events.storeFailed("redis", "closed");
    expect(logged().map((line) => line.level)).toEqual(["error"]);
  });
});
