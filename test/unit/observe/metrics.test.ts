import { describe, expect, it } from "vitest";
import { Metrics } from "../../../src/observe/metrics.js";
import { until } from "../../support/until.js";

/** The lines of one metric in a scrape, without HELP and TYPE. */
async function scrape(metrics: Metrics, name: string): Promise<string[]> {
  const text = await metrics.registry.metrics();
  return text.split("\n").filter((line) => line.startsWith(name));
}

describe("the metrics of a server that has done nothing yet", () => {
  it("show the version that runs and what the process uses", async () => {
    const metrics = new Metrics("1.2.3");
    expect(await scrape(metrics, "weir_build_info")).toEqual(['weir_build_info{version="1.2.3"} 1']);
    expect(await scrape(metrics, "process_cpu_seconds_total")).toHaveLength(1);
    expect(await scrape(metrics, "nodejs_eventloop_lag_p99_seconds")).toHaveLength(1);
  });

  it("show 0 for each outcome of a request, so that the first failure is an increase", async () => {
    expect(await scrape(new Metrics("1"), "weir_request_duration_seconds_count")).toEqual([
      'weir_request_duration_seconds_count{outcome="ok"} 0',
      'weir_request_duration_seconds_count{outcome="over_limit"} 0',
      'weir_request_duration_seconds_count{outcome="invalid"} 0',
      'weir_request_duration_seconds_count{outcome="failed"} 0',
      'weir_request_duration_seconds_count{outcome="cancelled"} 0',
    ]);
  });

  it("say of each metric what it is and what kind", async () => {
    const text = await new Metrics("1").registry.metrics();
    const types = text.split("\n").filter((line) => line.startsWith("# TYPE weir_"));
    expect(types).toEqual([
      "# TYPE weir_rules_reloads_total counter",
      "# TYPE weir_rules_reload_duration_seconds histogram",
      "# TYPE weir_rules_last_reload_successful gauge",
      "# TYPE weir_rules_last_reload_success_timestamp_seconds gauge",
      "# TYPE weir_overrides_active gauge",
      "# TYPE weir_enforcement_paused gauge",
      "# TYPE weir_admin_changes_total counter",
      "# TYPE weir_domains_loaded gauge",
      "# TYPE weir_rules_loaded gauge",
      "# TYPE weir_store_warnings gauge",
      "# TYPE weir_build_info gauge",
      "# TYPE weir_decisions_total counter",
      "# TYPE weir_hits_total counter",
      "# TYPE weir_request_duration_seconds histogram",
      "# TYPE weir_overrides_ignored_total counter",
      "# TYPE weir_active_keys gauge",
      "# TYPE weir_bucket_fill_ratio histogram",
      "# TYPE weir_event_loop_lag_seconds histogram",
      "# TYPE weir_store_operations_total counter",
      "# TYPE weir_store_operation_duration_seconds histogram",
    ]);
    expect(text).toContain("# HELP weir_decisions_total Descriptors answered, by outcome.");
  });
});

describe("the metrics after some traffic", () => {
  it("count descriptors by domain, rule and outcome", async () => {
    const metrics = new Metrics("1");
    metrics.decisions.count("shop", "path=/a > ip", "ok");
    metrics.decisions.count("shop", "path=/a > ip", "over_limit");
    metrics.decisions.count("shop", "path=/a > ip", "ok");
    metrics.decisions.count("shop", "ip", "ok");
    metrics.decisions.count("bank", "ip", "never_fits");
    metrics.decisions.count("", "", "unknown_domain");
    expect(await scrape(metrics, "weir_decisions_total")).toEqual([
      'weir_decisions_total{domain="shop",rule="path=/a > ip",outcome="ok"} 2',
      'weir_decisions_total{domain="shop",rule="path=/a > ip",outcome="over_limit"} 1',
      'weir_decisions_total{domain="shop",rule="ip",outcome="ok"} 1',
      'weir_decisions_total{domain="bank",rule="ip",outcome="never_fits"} 1',
      'weir_decisions_total{domain="",rule="",outcome="unknown_domain"} 1',
    ]);
  });

  it("tell rules apart and escape them, whatever characters they have", async () => {
    const metrics = new Metrics("1");
    metrics.decisions.count("a,outcome:ok,rule:b", "c", "ok");
    metrics.decisions.count("a", 'b,rule:"c"\\\n', "ok");
    metrics.decisions.count("__proto__", "constructor", "ok");
    expect(await scrape(metrics, "weir_decisions_total")).toEqual([
      'weir_decisions_total{domain="a,outcome:ok,rule:b",rule="c",outcome="ok"} 1',
      'weir_decisions_total{domain="a",rule="b,rule:\\"c\\"\\\\\\n",outcome="ok"} 1',
      'weir_decisions_total{domain="__proto__",rule="constructor",outcome="ok"} 1',
    ]);
  });

  it("put each request into the buckets that its time is not above, 20 ms among them", async () => {
    const metrics = new Metrics("1");
    for (const seconds of [0.00005, 0.0001, 0.003, 0.02, 0.020001, 7]) metrics.requestDecided("ok", seconds);
    const lines = await scrape(metrics, "weir_request_duration_seconds");
    const ofOk = lines.filter((line) => line.includes('outcome="ok"'));
    const bucket = (le: string, count: number) =>
      `weir_request_duration_seconds_bucket{outcome="ok",le="${le}"} ${count}`;
    expect(ofOk).toEqual([
      bucket("0.0001", 2),
      bucket("0.00025", 2),
      bucket("0.0005", 2),
      bucket("0.001", 2),
      bucket("0.0025", 2),
      bucket("0.005", 3),
      bucket("0.01", 3),
      bucket("0.02", 4),
      bucket("0.05", 5),
      bucket("0.1", 5),
      bucket("0.25", 5),
      bucket("0.5", 5),
      bucket("1", 5),
      bucket("+Inf", 6),
      expect.stringMatching(/^weir_request_duration_seconds_sum\{outcome="ok"\} 7\.04315/),
      'weir_request_duration_seconds_count{outcome="ok"} 6',
    ]);
  });

  it("count store operations by status, all statuses from the first operation on", async () => {
    const metrics = new Metrics("1");
    metrics.storeAnswered("redis", "ok", 0.0004);
    metrics.storeAnswered("redis", "timeout", 0.01);
    metrics.storeAnswered("redis", "ok", 0.0004);
    expect(await scrape(metrics, "weir_store_operations_total")).toEqual([
      'weir_store_operations_total{store="redis",status="ok"} 2',
      'weir_store_operations_total{store="redis",status="timeout"} 1',
      'weir_store_operations_total{store="redis",status="unavailable"} 0',
      'weir_store_operations_total{store="redis",status="overload"} 0',
      'weir_store_operations_total{store="redis",status="cancelled"} 0',
      'weir_store_operations_total{store="redis",status="error"} 0',
    ]);
    const durations = await scrape(metrics, "weir_store_operation_duration_seconds");
    expect(durations).toContain('weir_store_operation_duration_seconds_bucket{store="redis",le="0.0005"} 2');
    expect(durations).toContain('weir_store_operation_duration_seconds_count{store="redis"} 3');
  });

  it("count overrides that were ignored, and show the rules in force", async () => {
    const metrics = new Metrics("1");
    metrics.overrideIgnored("shop");
    metrics.overrideIgnored("shop");
    metrics.rulesInForce(2, 17);
    metrics.rulesInForce(3, 12);
    expect(await scrape(metrics, "weir_overrides_ignored_total")).toEqual([
      'weir_overrides_ignored_total{domain="shop"} 2',
    ]);
    expect(await scrape(metrics, "weir_domains_loaded")).toEqual(["weir_domains_loaded 3"]);
    expect(await scrape(metrics, "weir_rules_loaded")).toEqual(["weir_rules_loaded 12"]);
  });

  it("ask the memory store for its figures at each scrape", async () => {
    const metrics = new Metrics("1");
    expect(await scrape(metrics, "weir_memory_store")).toEqual([]);
    let buckets = 5;
    metrics.watchMemoryStore(() => ({ buckets, evictions: 2 }));
    expect(await scrape(metrics, "weir_memory_store")).toEqual([
      "weir_memory_store_buckets 5",
      "weir_memory_store_evictions_total 2",
    ]);
    buckets = 6;
    expect(await scrape(metrics, "weir_memory_store_buckets")).toEqual(["weir_memory_store_buckets 6"]);
  });

  it("show what operators have changed, and how often they changed something", async () => {
    const metrics = new Metrics("1");
    expect(await scrape(metrics, "weir_overrides_active")).toEqual(["weir_overrides_active 0"]);
    metrics.admin.watch(() => ({ overrides: 3, isEnforcementPaused: true }));
    for (const action of ["override_set", "reload", "override_set"]) metrics.admin.changed(action);
    expect(await scrape(metrics, "weir_overrides_active")).toEqual(["weir_overrides_active 3"]);
    expect(await scrape(metrics, "weir_enforcement_paused")).toEqual(["weir_enforcement_paused 1"]);
    expect(await scrape(metrics, "weir_admin_changes_total")).toEqual([
      'weir_admin_changes_total{action="override_set"} 2',
      'weir_admin_changes_total{action="reload"} 1',
    ]);
  });

  it("show how late the event loop is once they have started", async () => {
    const metrics = new Metrics("1");
    metrics.start();
    const late = async () => {
      const [line = ""] = await scrape(metrics, 'weir_event_loop_lag_seconds_bucket{le="+Inf"');
      const [onTime = ""] = await scrape(metrics, 'weir_event_loop_lag_seconds_bucket{le="0.02"');
      const missed = Number(line.split(" ")[1]) - Number(onTime.split(" ")[1]);
      return missed >= 1 ? missed : undefined;
    };
    await until("the timer runs", async () =>
      (await scrape(metrics, "weir_event_loop_lag_seconds_count"))[0] === "weir_event_loop_lag_seconds_count 0"
        ? undefined
        : true,
    );
    const standsStillUntil = performance.now() + 60;
    while (performance.now() < standsStillUntil);
    expect(await until("a stall of 60 ms is seen", late)).toBeGreaterThanOrEqual(1);
    metrics.stop();
  });
});
