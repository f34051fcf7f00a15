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
  /** Faults that did not keep the rules from loading. */
  readonly warnings: FaultTexts;
}

/** Faults of rules. */
export interface FaultTexts {
  readonly texts: readonly string[];
  /** How many there are besides. */
  readonly more: number;
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
    this.#metrics.decisions.count(domain, rule, outcome);
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

  /** The store works, but not as it should: something that an operator should look at. */
  storeWarning(message: string): void {
    this.#logger.warn({ message }, "the store needs attention");
  }

  /** The first rules came into force. */
  rulesLoaded(summary: RulesSummary): void {
    this.#metrics.reloads.started();
    this.#rulesInForce(summary, {}, "rules loaded");
  }

  /** Changed rules came into force, so long after their files were read again. */
  rulesReloaded(summary: RulesSummary, seconds: number): void {
    this.#metrics.reloads.reloaded("ok", seconds);
    this.#rulesInForce(summary, { seconds }, "rules reloaded");
  }

  /** The rules' files were read again and say what they said. */
  rulesUnchanged(path: string, seconds: number): void {
    this.#metrics.reloads.reloaded("unchanged", seconds);
    this.#logger.info({ path, seconds }, "rules read again: nothing has changed");
  }

  /** The rules' files were read again and are not good: those in force stay. */
  rulesRefused(path: string, { texts, more }: FaultTexts, seconds: number): void {
    this.#metrics.reloads.reloaded("error", seconds);
    this.#logger.error({ path, faults: texts, more, seconds }, "rules not reloaded: the last good ones stay in force");
  }

  /** The system tells nothing of changes in a folder of rules. */
  rulesNotWatched(folder: string, reason: string): void {
    this.#logger.warn({ folder, reason }, "no events of this folder: changes are found by polling or SIGHUP only");
  }

  #rulesInForce({ path, domains, rules, warnings }: RulesSummary, more: object, message: string): void {
    this.#metrics.rulesInForce(domains, rules);
    for (const warning of warnings.texts) this.#logger.warn({ path, warning }, "the rules have a doubtful place");
    this.#logger.info({ path, domains, rules, warnings: warnings.texts.length + warnings.more, ...more }, message);
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
