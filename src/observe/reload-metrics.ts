import { Gauge, type Registry } from "prom-client";
import { PlainHistogram } from "./plain-histogram.js";
import { histogramSamples, ScrapedMetric } from "./scraped-metric.js";

/** What a reload came to: changed rules in force, errors in the files, or files that say what they said. */
export type ReloadResult = "ok" | "error" | "unchanged";

/** Seconds: a few rules take milliseconds, 10,000 about a second, 100,000 ten. */
const DURATION_BOUNDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50];

/** How loading rules went. */
export class ReloadMetrics {
  readonly #results = new Map<ReloadResult, number>([
    ["ok", 0],
    ["error", 0],
    ["unchanged", 0],
  ]);
  readonly #duration = new PlainHistogram(DURATION_BOUNDS);
  readonly #successful: Gauge;
  readonly #successTime: Gauge;

  constructor(registry: Registry) {
    new ScrapedMetric({
      registry,
      name: "weir_rules_reloads_total",
      help: "Reloads since the start: changed rules in force (ok), last good rules kept (error), nothing new (unchanged).",
      type: "counter",
      read: () => [...this.#results].map(([result, value]) => ({ labels: { result }, value })),
    });
    const duration = "weir_rules_reload_duration_seconds";
    new ScrapedMetric({
      registry,
      name: duration,
      help: "From the start of a reload until its rules are in force, or refused.",
      type: "histogram",
      read: () => histogramSamples(duration, {}, this.#duration),
    });
    this.#successful = new Gauge({
      name: "weir_rules_last_reload_successful",
      help: "1 if the last reload was successful, 0 while the last good rules are kept.",
      registers: [registry],
    });
    // Where rules come later none are bad before.
    this.#successful.set(1);
    this.#successTime = new Gauge({
      name: "weir_rules_last_reload_success_timestamp_seconds",
      help: "When valid rules were last read.",
      registers: [registry],
    });
  }

  /** The first rules are in force. */
  started(): void {
    this.#successful.set(1);
    this.#successTime.setToCurrentTime();
  }

  /** Rules were read again, which took so long. */
  reloaded(result: ReloadResult, seconds: number): void {
    this.#results.set(result, (this.#results.get(result) ?? 0) + 1);
    this.#duration.observe(seconds);
    this.#successful.set(result === "error" ? 0 : 1);
    if (result !== "error") this.#successTime.setToCurrentTime();
  }
}
