import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, it } from "vitest";
import { envoyFigures } from "../../../load/runner/envoy-figures.js";
import { weirFigures } from "../../../load/runner/weir-figures.js";

const HISTOGRAM =
  "cluster.weir.upstream_rq_time: P0(nan,0) P50(nan,1.05) P90(nan,2) P99(nan,7.04) P99.9(nan,15.5) P100(nan,22)\n";

it("figures of Envoy are each of its own counter, and its histogram of all time", async () => {
  const page = createServer((_, response) => response.end(HISTOGRAM));
  await new Promise<void>((resolve) => page.listen(0, "127.0.0.1", resolve));
  const counters = new Map([
    ["cluster.services.ratelimit.ok", 1],
    ["cluster.services.ratelimit.over_limit", 2],
    ["cluster.services.ratelimit.error", 3],
    ["cluster.services.ratelimit.failure_mode_allowed", 4],
    ["cluster.weir.upstream_rq_timeout", 5],
  ]);
  const stat = async (name: string): Promise<number> => counters.get(name) ?? Number.NaN;
  try {
    const adminUrl = `http://127.0.0.1:${(page.address() as AddressInfo).port}`;
    expect(await envoyFigures({ adminUrl, stat })).toEqual({
      ...{ ok: 1, overLimit: 2, errors: 3, letThrough: 4, timeouts: 5 },
      callTimes: "1.1 / 2.0 / 7.0 / 15.5 / 22.0",
    });
  } finally {
    page.close();
  }
});

const METRICS = `# TYPE weir_decisions_total counter
weir_decisions_total{domain="shop",rule="slow",outcome="ok"} 10
weir_decisions_total{domain="shop",rule="slow",outcome="failed"} 3
weir_decisions_total{domain="shop",rule="wide",outcome="ok"} 70
# TYPE weir_store_operations_total counter
weir_store_operations_total{store="redis",status="ok"} 80
weir_store_operations_total{store="redis",status="timeout"} 3
# TYPE weir_event_loop_lag_seconds histogram
weir_event_loop_lag_seconds_bucket{le="0.005"} 90
weir_event_loop_lag_seconds_bucket{le="0.02"} 99
weir_event_loop_lag_seconds_count 100
`;

const withMetrics = (...texts: readonly string[]) => texts.map((text) => ({ metrics: async () => text }));

it("figures of Weir are those of all replicas together", async () => {
  const figures = await weirFigures(withMetrics(METRICS, METRICS));
  expect(figures.decisions("slow", "ok")).toBe(20);
  expect(figures.decisions("slow", "failed")).toBe(6);
  expect(figures.decisions("slow", "over_limit")).toBe(0);
  expect(figures.storeFailures).toBe(6);
  expect(figures.lateShare(5)).toBeCloseTo(0.1);
  expect(figures.lateShare(20)).toBeCloseTo(0.01);
});

it("a metric that one of the replicas does not have is an error, not 0", async () => {
  const without = (name: string) => weirFigures(withMetrics(METRICS, METRICS.replaceAll(name, "weir_renamed")));
  await expect(without("weir_store_operations_total")).rejects.toThrow("no metric weir_store_operations_total");
  const decisions = await without("weir_decisions_total");
  expect(() => decisions.decisions("slow", "ok")).toThrow("no metric weir_decisions_total");
  const late = await without("weir_event_loop_lag_seconds");
  expect(() => late.lateShare(5)).toThrow("no metric weir_event_loop_lag_seconds_bucket");
});
