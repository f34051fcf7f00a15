import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { type Dashboard, drawnPanels, type Panel, type Target, type Variable } from "./dashboard.js";
import { MONITORING } from "./prometheus.js";
import { selectorsOf } from "./promql.js";

/** What is wrong, by the names that Grafana's dashboard-linter gives its rules. */
export interface Finding {
  readonly rule: string;
  readonly panel?: string;
  readonly words: string;
}

interface Exclusion {
  readonly reason: string;
  readonly entries: readonly { readonly dashboard: string; readonly panel: string }[];
}

/** The units of Grafana that suit what Weir counts. */
const UNITS = new Set(["none", "short", "bool", "percentunit", "s", "bytes", "reqps", "ops", "cps"]);
const WITH_UNITS = new Set(["stat", "table", "timeseries", "gauge"]);
const CHOSEN_SOURCE = "$datasource";
const COUNTING = new Set(["rate", "irate", "increase"]);

/**
 * Holds a dashboard to the rules of Grafana's dashboard-linter as its documentation tells them, and to a few of our own
 * (`weir-`). The linter itself cannot be had from the registries that this project reaches; docs/monitoring.md says how
 * to run it where it can. Exceptions are those of the file .lint, as it reads them.
 */
export function lintDashboard(dashboard: Dashboard): Finding[] {
  const all = [
    ...lintVariables(dashboard),
    ...lintLayout(dashboard),
    ...drawnPanels(dashboard).flatMap((panel) => [
      ...lintPanel(panel),
      ...(panel.targets ?? []).flatMap((target) => lintTarget(panel, target)),
    ]),
  ];
  const { exclusions } = parse(readFileSync(join(MONITORING, "grafana/dashboards/.lint"), "utf8")) as {
    exclusions: Record<string, Exclusion>;
  };
  const isExcluded = ({ rule, panel }: Finding): boolean =>
    (exclusions[rule]?.entries ?? []).some((entry) => entry.dashboard === dashboard.title && entry.panel === panel);
  return all.filter((finding) => !isExcluded(finding));
}

function lintVariables({ templating: { list }, editable }: Dashboard): Finding[] {
  const found: Finding[] = [];
  const expect = (rule: string, holds: boolean, words: string): void => {
    if (!holds) found.push({ rule, words });
  };
  const source = list.find((variable) => variable.type === "datasource");
  expect("template-datasource-rule", source?.name === "datasource" && source.label === "Data source", "data source");
  for (const [name, label] of [["job", "Job"] as const, ["instance", "Instance"] as const]) {
    const rule = `template-${name}-rule`;
    const variable = list.find((each) => each.name === name);
    expect(rule, variable?.type === "query" && variable.label === label, "a query with its label");
    expect(rule, variable?.multi === true && variable.allValue === ".+", "several may be chosen, all is .+");
    expect(rule, variable?.datasource?.uid === CHOSEN_SOURCE, "the chosen data source");
  }
  for (const variable of list.filter(({ type }) => type === "query")) found.push(...lintQueryVariable(variable));
  expect("uneditable-dashboard", !editable, "must not be editable");
  return found;
}

function lintQueryVariable({ name, query, refresh }: Variable): Finding[] {
  const found: Finding[] = [];
  if (!/^label_values\(\w+(\{[^}]*\})?, \w+\)$/.test(query)) {
    found.push({ rule: "template-label-promql-rule", words: `${name}: ${query}` });
  }
  if (refresh !== 2) found.push({ rule: "template-on-time-change-reload-rule", words: name });
  return found;
}

/** Our own: panels that lie on one another, or two of one name. */
function lintLayout(dashboard: Dashboard): Finding[] {
  const { panels } = dashboard;
  const overlap = ({ gridPos: a }: Panel, { gridPos: b }: Panel): boolean =>
    a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
  return panels.flatMap((panel, index) => {
    const found: Finding[] = [];
    const { title, gridPos } = panel;
    const others = panels.slice(0, index);
    if (gridPos.x + gridPos.w > 24 || others.some((other) => overlap(panel, other))) {
      found.push({ rule: "weir-layout", panel: title, words: "it leaves the page or lies on another" });
    }
    if (panel.type !== "row" && drawnPanels({ ...dashboard, panels: others }).some((other) => other.title === title)) {
      found.push({ rule: "weir-titles-differ", panel: title, words: "there is another of this title" });
    }
    return found;
  });
}

function lintPanel({ title, description, datasource, type, fieldConfig, targets = [] }: Panel): Finding[] {
  const found: Finding[] = [];
  const expect = (rule: string, holds: boolean, words: string): void => {
    if (!holds) found.push({ rule, panel: title, words });
  };
  const unit = fieldConfig?.defaults.unit ?? "";
  expect("panel-title-description-rule", title !== "" && (description ?? "") !== "", "title and description");
  expect("panel-datasource-rule", datasource?.uid === CHOSEN_SOURCE, "the chosen data source");
  expect("panel-units-rule", !WITH_UNITS.has(type) || UNITS.has(unit), `no unit of ours: ${unit}`);
  expect("panel-no-targets-rule", targets.length > 0, "asks for nothing");
  return found;
}

function lintTarget({ title }: Panel, { expr, datasource }: Target): Finding[] {
  const found: Finding[] = [];
  const expect = (rule: string, holds: boolean, words: string): void => {
    if (!holds) found.push({ rule, panel: title, words });
  };
  expect("panel-datasource-rule", datasource.uid === CHOSEN_SOURCE, "the chosen data source");
  for (const { metric, matchers, range } of selectorsOf(expr)) {
    expect("target-job-rule", matchers.get("job") === "=~$job", `${metric}: job`);
    expect("target-instance-rule", matchers.get("instance") === "=~$instance", `${metric}: instance`);
    const { around = "", duration = "" } = range ?? {};
    const isRate = around === "rate" || around === "irate";
    expect("target-rate-interval-rule", !isRate || duration === "$__rate_interval", `${metric}[${duration}]`);
    const isCounter = /_(total|count|sum|bucket)$/.test(metric);
    expect("target-counter-agg-rule", !isCounter || COUNTING.has(around), `${metric} in ${around || "no function"}`);
  }
  return found;
}
