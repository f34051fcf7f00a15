import { sumOf } from "../../test/support/metrics-text.js";
import type { WeirProcess } from "../../test/support/weir-process.js";

/** What the replicas tell of themselves on /metrics. */
export interface WeirFigures {
  /** Descriptors of a rule by outcome, all replicas together. `failed`: the store did not answer in time. */
  decisions(rule: string, outcome: "ok" | "unlimited" | "over_limit" | "failed"): number;
  /** Decisions that the store did not make. */
  readonly storeFailures: number;
  /** How late the event loop came to what was due: the share of looks that were later than so many milliseconds. */
  lateShare(millis: number): number;
}

/** @throws Error (as a promise, or of its functions) that names a metric which a replica does not have: it is not taken for 0 */
export async function weirFigures(weirs: readonly Pick<WeirProcess, "metrics">[]): Promise<WeirFigures> {
  const texts = await Promise.all(weirs.map((weir) => weir.metrics()));
  const sum = (name: string, labels: Readonly<Record<string, string>> = {}): number =>
    texts.reduce((total, text) => total + sumOf(having(text, name), name, labels), 0);
  return {
    decisions: (rule, outcome) => sum("weir_decisions_total", { rule, outcome }),
    storeFailures: sum("weir_store_operations_total") - sum("weir_store_operations_total", { status: "ok" }),
    lateShare: (millis) => {
      const inTime = sum("weir_event_loop_lag_seconds_bucket", { le: String(millis / 1000) });
      const all = sum("weir_event_loop_lag_seconds_count");
      return all === 0 ? 0 : 1 - inTime / all;
    },
  };
}

/** A text of metrics, in which this one is described whether it has counted or not. */
function having(text: string, name: string): string {
  const family = name.replace(/_(?:bucket|count)$/, "");
  if (!text.includes(`# TYPE ${family} `)) throw new Error(`Weir has no metric ${name}`);
  return text;
}
