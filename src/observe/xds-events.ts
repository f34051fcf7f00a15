import type { Registry } from "prom-client";
import type { FaultTexts } from "./business-events.js";
import type { Logger } from "./log.js";
import { XdsMetrics } from "./xds-metrics.js";

/**
 * What happens between Weir and the control plane that its rules come from, one method an event, each writing log and
 * metric together. Fits the AdsEvents of the gRPC client without knowing it.
 */
export class XdsEvents {
  readonly #metrics: XdsMetrics;
  readonly #logger: Logger;
  readonly #server: string;

  /** @param server the control plane, as it was set */
  constructor(registry: Registry, logger: Logger, server: string) {
    this.#metrics = new XdsMetrics(registry);
    this.#logger = logger;
    this.#server = server;
  }

  /** There is a connection, and the rules have been asked for. */
  connected(): void {
    this.#metrics.connected();
    this.#logger.info({ server: this.#server }, "connected to the control plane");
  }

  /** There is none, or no longer; the next is tried after so long. */
  disconnected(reason: string, retryMillis: number): void {
    this.#metrics.disconnected();
    const facts = { server: this.#server, reason, retryMillis };
    this.#logger.warn(facts, "no connection to the control plane: the rules in force are kept");
  }

  /** An update is in force. */
  acknowledged(version: string): void {
    this.#metrics.updated("acknowledged");
    this.#logger.info({ version }, "control plane update acknowledged (ACK)");
  }

  /** An update was refused: its faults in words. */
  refused(version: string, { texts, more }: FaultTexts): void {
    this.#metrics.updated("refused");
    const facts = { server: this.#server, version, faults: texts, more };
    this.#logger.error(
      facts,
      "control plane update rejected (NACK): resources with errors keep their last good version",
    );
  }

  /** An update was not looked at since a newer one had come already. */
  superseded(version: string): void {
    this.#metrics.updated("superseded");
    this.#logger.info({ version }, "control plane update superseded by a newer one");
  }
}
