import type { Logger } from "./log.js";
import type { Metrics } from "./metrics.js";
import { SampledLog, type Schedule } from "./sampled-log.js";

const SAMPLE_INTERVAL_MILLIS = 1_000;

/** What came into force. */
export interface RulesSummary {
  /** The file or folder. */
  readonly path: string;
  readonly domains: number;
  readonly rules: number;
  /** Faults that did not keep the rules from loading, each as text. */
  readonly warnings: readonly string[];
}

/** How the server runs. */
export interface StartSummary {
  readonly version: string;
  readonly store: string;
  readonly grpcPort: number;
  readonly httpPort: number;
}

/**
 * What happens in Weir, one method an event, each writing log and metric together. Fits the engine's EngineEvents
 * without knowing it. What may happen for each request is logged at most once a second, with how much was left out.
 */
export class BusinessEvents {
  readonly #metrics: Metrics;
  readonly #logger: Logger;
  readonly #sampled: SampledLog;

  /** @param schedule for tests: calls back after so many milliseconds */
  constructor(metrics: Metrics, logger: Logger, schedule?: Schedule) {
    this.#metrics = metrics;
    this.#logger = logger;
    this.#sampled = new SampledLog(SAMPLE_INTERVAL_MILLIS, schedule);
  }

  /** One descriptor was answered: counted only. */
  descriptorDecided(domain: string, rule: string, outcome: string): void {
    this.#metrics.descriptorDecided(domain, rule, outcome);
  }

  /** A request was answered, so long after it came: counted only. */
  requestDecided(outcome: string, seconds: number): void {
    this.#metrics.requestDecided(outcome, seconds);
  }

  /** The store answered or failed: counted only; `storeFailed` logs. */
  storeAnswered(store: string, status: string, seconds: number): void {
    this.#metrics.storeAnswered(store, status, seconds);
  }

  /** The store failed, as `storeAnswered` has counted: logged by its words, since each may need another remedy. */
  storeFailed(store: string, message: string): void {
    this.#sampled.write(`store ${store}: ${message}`, (leftOut) =>
      this.#logger.error({ store, reason: message, leftOut }, "the store failed"),
    );
  }

  /** A `descriptor.limit` was ignored (D9). */
  overrideIgnored(domain: string): void {
    this.#metrics.overrideIgnored(domain);
    this.#sampled.write(`override ${domain}`, (leftOut) =>
      this.#logger.warn({ domain, leftOut }, "a descriptor's own limit was ignored: no usable unit or unit_multiplier"),
    );
  }

  /** Rules came into force. */
  rulesLoaded({ path, domains, rules, warnings }: RulesSummary): void {
    this.#metrics.rulesLoaded(domains, rules);
    for (const warning of warnings) this.#logger.warn({ path, warning }, "the rules have a doubtful place");
    this.#logger.info({ path, domains, rules, warnings: warnings.length }, "rules loaded");
  }

  /** All listeners are open. */
  started(summary: StartSummary): void {
    this.#logger.info(summary, "ready");
  }

  /** The server begins to stop. */
  stopping(): void {
    this.#logger.info("stopping");
  }

  /** The server has stopped: nothing follows. */
  stopped(): void {
    this.#sampled.flush();
    this.#logger.info("stopped");
  }
}
