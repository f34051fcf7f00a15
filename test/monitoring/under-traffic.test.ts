import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { drawnPanels, readDashboard, withAllChosen } from "../support/dashboard.js";
import { type MonitoredWeirs, rulesOf, startMonitoredWeirs } from "../support/monitored-weirs.js";
import { MONITORING } from "../support/prometheus.js";
import { selectorsOf } from "../support/promql.js";
import { until } from "../support/until.js";

const SCRAPES = 4;
const PATIENCE_MILLIS = 40_000;

/** Alerts that nothing here gives a cause for. WeirAbsent: Prometheus has targets. */
const NOT_CAUSED = ["WeirAbsent"];

const dashboard = readDashboard();
const targets = drawnPanels(dashboard).flatMap(({ title, targets = [] }) =>
  targets.map(({ refId, expr }) => ({ name: `${title} ${refId}`, expr: withAllChosen(dashboard, expr) })),
);
const variables = dashboard.templating.list
  .filter(({ type }) => type === "query")
  .map(({ name, query }) => {
    const [, metric = "", label = ""] = /^label_values\((.+), (\w+)\)$/.exec(query) ?? [];
    return { name, expr: `group by (${label}) (${withAllChosen(dashboard, metric)})`, label };
  });

let setup: MonitoredWeirs;

beforeAll(async () => {
  setup = await startMonitoredWeirs();
  const { prometheus, writeRules } = setup;
  await until("Prometheus has seen all that it scrapes", async () => {
    const up = await prometheus.query("up == 1");
    return up.length === 7 ? true : undefined;
  });
  await writeRules(rulesOf(6));
  await seen("max(weir_rules_reloads_total{result='ok'}) >= 1");
  await writeRules("domain: clients\ndescriptors: 5\n");
  await seen("min(weir_rules_last_reload_successful) == 0");
  await changeByAdmin();
  await seen(`min(count_over_time(up[1m])) >= ${SCRAPES}`);
}, 120_000);

afterAll(() => setup?.stop(), 60_000);

/** An override and a pause, so that what operators do is in the metrics. */
async function changeByAdmin(): Promise<void> {
  const why = { who: "a test", why: "to see it counted" };
  const descriptor = [{ key: "client", value: "partner" }];
  const limit = { requestsPerUnit: 10, unit: "minute" };
  const override = { domain: "clients", descriptor, limit, forSeconds: 600, ...why };
  expect(await setup.admin("POST", "/api/v1/overrides", override)).toBe(201);
  expect(await setup.admin("PUT", "/api/v1/enforcement", { paused: true, forSeconds: 600, ...why })).toBeLessThan(300);
  await seen("max(weir_enforcement_paused) == 1");
}

/** Waits until a query has a result. */
function seen(query: string): Promise<true> {
  return until(
    query,
    async () => ((await setup.prometheus.query(query)).length > 0 ? true : undefined),
    PATIENCE_MILLIS,
  );
}

describe("every query of the dashboard finds data", () => {
  it.each(targets)("$name", async ({ expr }) => {
    await until(
      expr,
      async () => {
        const samples = await setup.prometheus.query(expr);
        return samples.some(({ value }) => Number.isFinite(value)) ? true : undefined;
      },
      PATIENCE_MILLIS,
    );
  });

  it.each(variables)("the values of the variable $name", async ({ expr, label }) => {
    const samples = await setup.prometheus.query(expr);
    expect(samples.map(({ labels }) => labels[label] ?? "").filter((value) => value !== "")).not.toEqual([]);
  });
});

/** What goes wrong, one thing after the other, so that each alert has its cause. */
async function makeTrouble(): Promise<void> {
  const { redis, weirs } = setup;
  // For less than the store's timeout: late, and no failure.
  await disturbUntil("job_instance:weir_requests_over_20ms:ratio_rate5m > 0.01", redis.pid(), 35);
  await disturbUntil("job_instance:weir_event_loop_lag_seconds:p99_5m > 0.01", weirs.local.pid, 60);
  redis.freeze();
  await weirs.allow.stop();
  await seen('up{job="weir"} == 0');
}

/** Lets a process stand still for so long, again and again, until a query has a result. */
async function disturbUntil(query: string, pid: number, stillMillis: number): Promise<void> {
  await until(
    query,
    async () => {
      for (let times = 0; times < 10; times++) {
        process.kill(pid, "SIGSTOP");
        await pause(stillMillis);
        process.kill(pid, "SIGCONT");
        await pause(10);
      }
      return (await setup.prometheus.query(query)).length > 0 ? true : undefined;
    },
    PATIENCE_MILLIS,
  );
}

describe("after trouble of all kinds", () => {
  beforeAll(makeTrouble, 120_000);

  it("every alert sees its cause", async () => {
    let quiet: string[] = [];
    const look = async (): Promise<true | undefined> => {
      const alerts = (await setup.prometheus.rules()).filter(({ type }) => type === "alerting");
      quiet = alerts.filter(({ state }) => state === "inactive").map(({ name }) => name);
      return alerts.length > NOT_CAUSED.length && quiet.length <= NOT_CAUSED.length ? true : undefined;
    };
    await until("alerts", look, PATIENCE_MILLIS).catch(() => undefined);
    expect(quiet).toEqual(NOT_CAUSED);
  }, 60_000);

  it("every rule is evaluated without an error, and every recording rule has data", async () => {
    const rules = await setup.prometheus.rules();
    expect(rules.filter(({ health }) => health !== "ok")).toEqual([]);
    for (const { name, type } of rules) if (type === "recording") await seen(name);
  }, 60_000);

  it("every metric that monitoring/ names is there", async () => {
    const named = new Set(rulesText().match(/\b(weir|envoy|process|nodejs)_\w+(?!\w*:)/g));
    for (const { expr } of targets) for (const { metric } of selectorsOf(expr)) named.add(metric);
    expect(named.size).toBeGreaterThan(30);
    const there = await setup.prometheus.metricNames();
    expect([...named].filter((name) => !there.has(name))).toEqual([]);
  });
});

/** The rules without their comments and words. */
function rulesText(): string {
  const folder = join(MONITORING, "rules");
  const lines = readdirSync(folder).flatMap((file) => readFileSync(join(folder, file), "utf8").split("\n"));
  return lines.filter((line) => !/^ *(#|summary:|description:|runbook:)/.test(line)).join("\n");
}
