import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { type Dashboard, drawnPanels, type Panel, readDashboard } from "../support/dashboard.js";
import { lintDashboard } from "../support/dashboard-lint.js";
import { MONITORING } from "../support/prometheus.js";
import { selectorsOf } from "../support/promql.js";

const provisioned = (path: string): unknown =>
  parse(readFileSync(join(MONITORING, "grafana/provisioning", path), "utf8"));

describe("the dashboard", () => {
  it("keeps the rules of Grafana's dashboard-linter", () => {
    expect(lintDashboard(readDashboard())).toEqual([]);
  });

  it("is drawn anew every 5 s, and has variables for job, instance and domain", () => {
    const { refresh, templating } = readDashboard();
    expect(refresh).toBe("5s");
    expect(templating.list.map(({ name }) => name)).toEqual(["datasource", "job", "instance", "domain"]);
  });

  it("filters by domain whatever has one", () => {
    const selectors = drawnPanels(readDashboard())
      .flatMap(({ targets = [] }) => targets)
      .flatMap(({ expr }) => selectorsOf(expr));
    const perDomain = selectors.filter(({ metric }) => /^weir_(decisions|hits)_total$/.test(metric));
    expect(perDomain.length).toBeGreaterThan(4);
    for (const { matchers } of perDomain) expect(matchers.get("domain")).toBe("=~$domain");
  });

  it("is provisioned with a data source that tells the scrape interval of prometheus.yml", () => {
    const { global } = parse(readFileSync(join(MONITORING, "prometheus.yml"), "utf8")) as {
      global: { scrape_interval: string };
    };
    expect(provisioned("datasources/prometheus.yml")).toMatchObject({
      apiVersion: 1,
      datasources: [{ type: "prometheus", isDefault: true, jsonData: { timeInterval: global.scrape_interval } }],
    });
    expect(provisioned("dashboards/weir.yml")).toMatchObject({
      apiVersion: 1,
      providers: [{ type: "file", options: { path: expect.stringMatching(/^\//) } }],
    });
  });
});

/** A panel that keeps all rules. */
const isCpu = ({ title }: Panel): boolean => title === "CPU";

const MISTAKES: readonly (readonly [rule: string, make: (dashboard: Dashboard, cpu: Panel) => void])[] = [
  ["template-datasource-rule", ({ templating }) => void templating.list.shift()],
  ["template-job-rule", ({ templating }) => Object.assign(templating.list[1]!, { allValue: ".*" })],
  ["template-instance-rule", ({ templating }) => Object.assign(templating.list[2]!, { multi: false })],
  ["template-label-promql-rule", ({ templating }) => Object.assign(templating.list[3]!, { query: "weir_build_info" })],
  ["template-on-time-change-reload-rule", ({ templating }) => Object.assign(templating.list[3]!, { refresh: 1 })],
  ["uneditable-dashboard", (dashboard) => Object.assign(dashboard, { editable: true })],
  ["panel-title-description-rule", (_, cpu) => Object.assign(cpu, { description: "" })],
  ["panel-datasource-rule", (_, cpu) => Object.assign(cpu, { datasource: { type: "prometheus", uid: "mine" } })],
  ["panel-units-rule", (_, cpu) => Object.assign(cpu, { fieldConfig: { defaults: {} } })],
  ["panel-no-targets-rule", (_, cpu) => Object.assign(cpu, { targets: [] })],
  ["target-job-rule", (_, cpu) => change(cpu, 'job=~"$job"', 'job="weir"')],
  ["target-instance-rule", (_, cpu) => change(cpu, ', instance=~"$instance"', "")],
  ["target-rate-interval-rule", (_, cpu) => change(cpu, "$__rate_interval", "5m")],
  ["target-counter-agg-rule", (_, cpu) => change(cpu, "rate(", "max_over_time(")],
  ["weir-layout", (_, cpu) => Object.assign(cpu.gridPos, { y: 1 })],
  ["weir-titles-differ", (_, cpu) => Object.assign(cpu, { title: "Memory" })],
];

function change({ targets }: Panel, from: string, to: string): void {
  const [target] = targets!;
  if (!target!.expr.includes(from)) throw new Error(`${target!.expr} has no ${from}`);
  target!.expr = target!.expr.replace(from, to);
}

it.each(MISTAKES)("the lint finds what %s forbids", (rule, make) => {
  const dashboard = readDashboard();
  make(dashboard, dashboard.panels.find(isCpu)!);
  expect(new Set(lintDashboard(dashboard).map((finding) => finding.rule))).toEqual(new Set([rule]));
});
