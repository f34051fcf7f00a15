import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { MONITORING, promtool } from "../support/prometheus.js";

interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

interface Case {
  readonly alertname: string;
  readonly exp_alerts: readonly unknown[];
}

interface TestFile {
  readonly tests: readonly { readonly alert_rule_test?: readonly Case[]; readonly promql_expr_test?: object[] }[];
}

const PAGE = readFileSync(resolve(MONITORING, "../docs/monitoring.md"), "utf8");

const inFolder = (folder: string): string[] =>
  readdirSync(join(MONITORING, folder)).map((name) => join(MONITORING, folder, name));
const read = (path: string): unknown => parse(readFileSync(path, "utf8"));

const rules = inFolder("rules").flatMap((path) =>
  (read(path) as { groups: { rules: (Alert | { record: string })[] }[] }).groups.flatMap((group) => group.rules),
);
const alerts = rules.filter((rule): rule is Alert => "alert" in rule);
const records = rules.flatMap((rule) => ("record" in rule ? [rule.record] : []));
const tests = inFolder("tests").flatMap((path) => (read(path) as TestFile).tests);
const cases = tests.flatMap(({ alert_rule_test = [] }) => alert_rule_test);

describe("promtool", () => {
  it("finds no fault with the configuration and the rules that it names", async () => {
    const { exitCode, output } = await promtool("check", "config", "--lint=all", "--lint-fatal", "prometheus.yml");
    expect(output).toContain(`${alerts.length} rules found`);
    expect(output).toContain(`${records.length} rules found`);
    expect([exitCode, output]).toEqual([0, expect.not.stringContaining("FAILED")]);
  });

  it("passes the tests of the rules", async () => {
    const { exitCode, output } = await promtool("test", "rules", ...inFolder("tests"));
    expect([exitCode, output]).toEqual([0, expect.not.stringContaining("FAILED")]);
    expect(output.match(/SUCCESS/g)).toHaveLength(inFolder("tests").length);
  });
});

it("there are alerts, each of a name of its own", () => {
  expect(alerts.length).toBeGreaterThan(12);
  expect(new Set(alerts.map(({ alert }) => alert)).size).toBe(alerts.length);
});

describe.each(alerts)("$alert", ({ alert, labels, annotations }) => {
  it("is seen to fire, and not to fire", () => {
    const own = cases.filter(({ alertname }) => alertname === alert);
    expect(own.some(({ exp_alerts }) => exp_alerts.length > 0)).toBe(true);
    expect(own.some(({ exp_alerts }) => exp_alerts.length === 0)).toBe(true);
  });

  it("says how bad it is, what it is, and where to read on", () => {
    expect(labels.severity).toMatch(/^(critical|warning)$/);
    expect(annotations.summary).toMatch(/^\S.{10,}[^.]$/);
    expect(annotations.description).toMatch(/^\S.{40,}\.$/);
    expect(annotations.runbook).toBe(`docs/monitoring.md#${alert.toLowerCase()}`);
  });

  it("has a part of docs/monitoring.md that says what it means and what to do", () => {
    const [, text = ""] = PAGE.split(`\n### ${alert}\n`);
    const [own = ""] = text.split(/\n##/);
    expect(own).toMatch(/\*\*Means:\*\* \S/);
    expect(own).toMatch(/\*\*Do:\*\* \S/);
  });
});

it("docs/monitoring.md has no alert that does not exist", () => {
  const named = [...PAGE.matchAll(/^### (Weir\w+)$/gm)].map(([, name]) => name);
  expect(named).toEqual(alerts.map(({ alert }) => alert));
});

it("every recording rule is read in a test", () => {
  const read = JSON.stringify(tests.map(({ promql_expr_test = [] }) => promql_expr_test));
  expect(records.filter((record) => !read.includes(record))).toEqual([]);
});

it("every recording rule is used, by an alert or in the page", () => {
  const used = alerts.map(({ expr }) => expr).join("\n") + PAGE;
  expect(records.filter((record) => !used.includes(record))).toEqual([]);
});
