import type { Registry } from "prom-client";
import { ScrapedMetric } from "./scraped-metric.js";

/** What operators have changed at runtime and is in force. */
export interface AdminFigures {
  readonly overrides: number;
  readonly isEnforcementPaused: boolean;
}

/** What operators do through the admin API. */
export class AdminMetrics {
  readonly #changes = new Map<string, number>();
  #figures: () => AdminFigures = () => ({ overrides: 0, isEnforcementPaused: false });

  constructor(registry: Registry) {
    const gauge = (name: string, help: string, read: () => number): void => {
      new ScrapedMetric({ registry, name, help, type: "gauge", read: () => [{ labels: {}, value: read() }] });
    };
    gauge("weir_overrides_active", "Operators' overrides in force.", () => this.#figures().overrides);
    gauge("weir_enforcement_paused", "1 while an operator has paused enforcement.", () =>
      this.#figures().isEnforcementPaused ? 1 : 0,
    );
    new ScrapedMetric({
      registry,
      name: "weir_admin_changes_total",
      help: "Changes through the admin API.",
      type: "counter",
      read: () => [...this.#changes].map(([action, value]) => ({ labels: { action }, value })),
    });
  }

  /** An operator changed something. @param action one of a few words of ours, never the caller's */
  changed(action: string): void {
    this.#changes.set(action, (this.#changes.get(action) ?? 0) + 1);
  }

  /** Shows what is in force from now on. */
  watch(figures: () => AdminFigures): void {
    this.#figures = figures;
  }
}
