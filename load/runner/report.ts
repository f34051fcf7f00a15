import { tableOf } from "../../bench/report.mjs";
import type { Check } from "./check.js";
import type { EnvoyFigures } from "./envoy-figures.js";
import type { K6Summary, Times } from "./k6-summary.js";
import type { ProgramUse } from "./program-use.js";
import type { Scenario } from "./scenarios.js";

/** All that a run found. */
export interface Finding {
  readonly name: string;
  readonly scenario: Scenario;
  readonly k6: K6Summary;
  readonly envoy: EnvoyFigures;
  readonly storeFailures: number;
  /** The share of looks at Weir's event loop that came so late. */
  readonly late: { readonly above5Millis: number; readonly above20Millis: number };
  readonly programs: readonly ProgramUse[];
  readonly checks: readonly Check[];
  /** What this scenario does not check, and why. */
  readonly notChecked: readonly string[];
}

const millis = (value: number): string => value.toFixed(1);
const percent = (share: number): string => `${(share * 100).toFixed(2)}%`;
const megabytes = (bytes: number): string => (bytes / 1_000_000).toFixed(0);

function timesOf({ p50, p90, p99, p999, longest }: Times): string {
  return [p50, p90, p99, p999, longest].map(millis).join(" / ");
}

/** What to read first: did it hold, and how fast was it. */
export function reportOf(finding: Finding): string {
  const { name, scenario, k6, envoy, late, storeFailures } = finding;
  const lines = [
    ["requests", `${k6.requests}, ${k6.perSecond.toFixed(0)} a second; asked were ${scenario.rate} a second`],
    ["not made by k6", `${k6.dropped}`],
    ["failed", `${k6.failed}`],
    ["answers, ms", `${timesOf(k6.times)} (p50 / p90 / p99 / p99.9 / longest)`],
    ["Envoy's calls to Weir, ms", `${envoy.callTimes || "-"} (p50 / p90 / p99 / p99.9 / longest)`],
    ["of them error / late / let through", `${envoy.errors} / ${envoy.timeouts} / ${envoy.letThrough}`],
    ["not decided by Redis", `${storeFailures}`],
    ["Weir's event loop late", `over 5 ms ${percent(late.above5Millis)}, over 20 ms ${percent(late.above20Millis)}`],
  ];
  const width = Math.max(...lines.map(([what = ""]) => what.length));
  return [
    `\n== ${name}: ${scenario.shows}`,
    ...lines.map(([what = "", found]) => `${what.padEnd(width)}  ${found}`),
    ...stepsOf(finding),
    `\n${programsOf(finding.programs)}\n`,
    ...finding.checks.map(({ what, passed, found }) => `${passed ? "ok    " : "FAILED"}  ${what}: ${found}`),
    ...finding.notChecked.map((what) => `not checked  ${what}`),
  ].join("\n");
}

function stepsOf({ k6, scenario }: Finding): readonly string[] {
  if (k6.steps.length === 0) return [];
  const seconds = scenario.seconds / k6.steps.length;
  const rows = k6.steps.map(({ requests, times }, index) => [
    ((scenario.rate * (index + 1)) / k6.steps.length).toFixed(0),
    (requests / seconds).toFixed(0),
    ...[times.p50, times.p90, times.p99, times.p999, times.longest].map(millis),
  ]);
  return [`\n${tableOf([["asked/s", "made/s", "p50 ms", "p90", "p99", "p99.9", "longest"], ...rows])}`];
}

function programsOf(programs: readonly ProgramUse[]): string {
  const rows = programs.map(({ name, cores, residentBytes }) => [
    name,
    percent(cores),
    ...residentBytes.map(megabytes),
  ]);
  return tableOf([["program", "CPU of a core", "MB at the start", "middle", "end", "most"], ...rows]);
}
