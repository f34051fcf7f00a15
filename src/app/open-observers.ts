import { BusinessEvents } from "../observe/business-events.js";
import { createLogger, type Logger } from "../observe/log.js";
import { Metrics } from "../observe/metrics.js";
import type { Settings } from "../settings.js";
import { openTraces, type Traces } from "./open-traces.js";

/** All that watches Weir at work. */
export interface Observers {
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly events: BusinessEvents;
  /** Undefined: none are wanted. */
  readonly traces: Traces | undefined;
  /** Sends what is left of traces, and ends timers. */
  close(): Promise<void>;
}

/** @throws StartError (2) traces are wanted whose packages are not installed */
export async function openObservers(settings: Settings, version: string): Promise<Observers> {
  const logger = createLogger({ level: settings.logLevel, format: settings.logFormat });
  const metrics = new Metrics(version, { maxRules: settings.metricsMaxRules });
  const traces = await openTraces(settings, version, (reason) => events.tracesNotSent(reason));
  const events: BusinessEvents = new BusinessEvents(metrics, logger, { traceStore: traces?.storeAnswered });
  metrics.start();
  const close = async (): Promise<void> => {
    metrics.stop();
    await traces?.close();
  };
  return { logger, metrics, events, traces, close };
}
