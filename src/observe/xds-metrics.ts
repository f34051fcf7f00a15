import { Gauge, type Registry } from "prom-client";
import { ScrapedMetric } from "./scraped-metric.js";

/** What became of an update: in force, refused, or passed over for a newer one. */
export type XdsUpdateResult = "acknowledged" | "refused" | "superseded";

/** How things stand with the control plane that rules come from. */
export class XdsMetrics {
  readonly #updates = new Map<XdsUpdateResult, number>([
    ["acknowledged", 0],
    ["refused", 0],
    ["superseded", 0],
  ]);
  #failures = 0;
  readonly #connected: Gauge;
  readonly #updateTime: Gauge;

  constructor(registry: Registry) {
    const registers = [registry];
    const connected = "1 while connected to the control plane; otherwise the last rules stay in force.";
    this.#connected = new Gauge({ name: "weir_xds_connected", help: connected, registers });
    this.#updateTime = new Gauge({
      name: "weir_xds_last_acknowledged_timestamp_seconds",
      help: "When an update from the control plane was last acknowledged; 0: never.",
      registers,
    });
    new ScrapedMetric({
      registry,
      name: "weir_xds_updates_total",
      help: "Updates from the control plane, by result.",
      type: "counter",
      read: () => [...this.#updates].map(([result, value]) => ({ labels: { result }, value })),
    });
    new ScrapedMetric({
      registry,
      name: "weir_xds_disconnects_total",
      help: "How often a connection to the control plane was lost or could not be made.",
      type: "counter",
      read: () => [{ labels: {}, value: this.#failures }],
    });
  }

  connected(): void {
    this.#connected.set(1);
  }

  disconnected(): void {
    this.#connected.set(0);
    this.#failures += 1;
  }

  updated(result: XdsUpdateResult): void {
    this.#updates.set(result, (this.#updates.get(result) ?? 0) + 1);
    if (result === "acknowledged") this.#updateTime.setToCurrentTime();
  }
}
