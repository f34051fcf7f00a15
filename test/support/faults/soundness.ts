import { expect, type TestContext } from "vitest";
import { sumOf } from "../metrics-text.js";
import { burstOf, nameOf, perSecondOf } from "./buckets.js";
import {
  DEADLINE_MILLIS,
  type Exceptions,
  type FaultReport,
  mostAdmitted,
  mostAdmittedOf,
  unheardIn,
} from "./fault-report.js";
import { addRow } from "./fault-table.js";
import type { Result } from "./open-loop.js";

/** What a machine that stalls may add to a deadline, beyond what the load knows of. */
const SLACK_MILLIS = 400;
/** What Weir may hold more at the end of a fault than before it, whatever the load. */
const KEPT_BYTES = 6_000_000;
/** After the fault: probes come once a second at the latest, and connecting takes its time. */
const RECOVERY_MILLIS = 4_000;

export interface Allowances extends Exceptions {
  /** Whether hits that were admitted just before the fault may have been forgotten: a replica had not heard of them. */
  readonly mayLoseWrites?: boolean;
  /** Whether tokens may be gone that no caller heard of, beyond those of calls that failed as the fault came or went. */
  readonly mayOvercharge?: boolean;
  /** Of the store, where Weir waits for another time than is usual in these runs. */
  readonly deadlineMillis?: number;
}

export function countOf({ calls }: FaultReport, result: Result): number {
  return calls.filter((call) => call.result === result).length;
}

/** Holds a run against what is promised under every fault, and puts it into the table. */
export function expectSound(report: FaultReport, context: TestContext, allowances: Allowances = {}): void {
  const { calls, fault } = report;
  const { deadlineMillis = DEADLINE_MILLIS } = allowances;
  const late = calls.filter(({ tookMillis }) => tookMillis > deadlineMillis + SLACK_MILLIS);
  addRow(context, {
    fault,
    offered: calls.length,
    admitted: countOf(report, "admitted"),
    model: mostAdmittedOf(report, allowances),
    forgotten: report.buckets.reduce((sum, count) => sum + Math.max(0, -unheardIn(count)), 0),
    unheard: report.buckets.reduce((sum, count) => sum + Math.max(0, unheardIn(count)), 0),
    late: late.length,
    slowestMillis: Math.round(Math.max(...calls.map(({ tookMillis }) => tookMillis))),
    withoutStore: countOf(report, "failed"),
    recoveryMillis: Math.round(report.recoveryMillis),
    keptMegabytes: (report.keptAtEnd - report.keptBefore) / 1_000_000,
    residentMegabytes: (report.residentPeak - report.residentBefore) / 1_000_000,
  });
  const broken = calls.filter(({ result }) => result === "broken");
  expect(broken.slice(0, 3).map(({ words }) => words)).toEqual([]);
  expect(late.map(({ tookMillis }) => Math.round(tookMillis))).toEqual([]);
  expectCounts(report, allowances);
  expect(report.recoveryMillis).toBeLessThan(RECOVERY_MILLIS);
  expect(report.steadyMillis).toBeLessThan(RECOVERY_MILLIS);
  expect(report.keptAtEnd - report.keptBefore).toBeLessThan(KEPT_BYTES);
  expectTrueMetrics(report);
}

function expectCounts({ buckets }: FaultReport, allowances: Allowances): void {
  const { freshStarts = 0, steppedSeconds = 0, mayLoseWrites = false, mayOvercharge = false } = allowances;
  for (const count of buckets) {
    const { bucket, admitted, doubtful, remaining } = count;
    const name = nameOf(bucket);
    const lostWrites = mayLoseWrites ? count.atRisk : 0;
    expect(admitted, name).toBeLessThanOrEqual(mostAdmitted(count, allowances) + lostWrites);
    if (remaining === undefined || freshStarts > 0) continue;
    expect(remaining, name).toBeLessThanOrEqual(burstOf(bucket));
    // Each token is left in the bucket, or was taken by a call that was told so, or by one that failed.
    const added = lostWrites + Math.ceil(perSecondOf(bucket) * steppedSeconds);
    expect(unheardIn(count), `unheard in ${name}`).toBeGreaterThanOrEqual(-added);
    if (!mayOvercharge) expect(unheardIn(count), `unheard in ${name}`).toBeLessThanOrEqual(doubtful);
  }
}

/** What /metrics says must be what the callers saw. */
function expectTrueMetrics(report: FaultReport): void {
  const counted = (name: string, labels: Readonly<Record<string, string>>): number => {
    const total = (texts: readonly string[]): number => texts.reduce((sum, text) => sum + sumOf(text, name, labels), 0);
    return total(report.metricsAfter) - total(report.metricsBefore);
  };
  const decided = (outcome: string): number => counted("weir_decisions_total", { domain: "faults", outcome });
  const failed = countOf(report, "failed");
  const failedDescriptors = sumDescriptors(report, "failed");
  expect(decided("failed") + decided("failed_closed") + decided("failed_open")).toBe(failedDescriptors);
  // Of several descriptors in one request, those that fit count as ok even when another refuses.
  if (report.calls.every(({ offer }) => offer.buckets.length === 1)) {
    expect({ ok: decided("ok"), over_limit: decided("over_limit") }).toEqual({
      ok: countOf(report, "admitted"),
      over_limit: countOf(report, "refused"),
    });
  }
  expect(counted("weir_deny_cache_hits_total", {})).toBeLessThanOrEqual(countOf(report, "refused"));
  if (report.isOutage) expect(sumOf(report.metricsAtEnd, "weir_store_breaker_open")).toBeGreaterThan(0);
  const ok = counted("weir_store_operations_total", { store: "redis", status: "ok" });
  expect(counted("weir_store_operations_total", { store: "redis" }) - ok).toBe(failed);
}

function sumDescriptors({ calls }: FaultReport, result: Result): number {
  return calls.reduce((sum, call) => sum + (call.result === result ? call.offer.buckets.length : 0), 0);
}
