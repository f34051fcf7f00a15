import type { Logger } from "./log.js";
import type { Metrics } from "./metrics.js";
import { SampledLog, type Schedule } from "./sampled-log.js";
import { parseTraceParent } from "./traces/trace-parent.js";

const SAMPLE_INTERVAL_MILLIS = 1_000;

/** Rules whose refusals are logged each by itself; a second in which more refuse has those together. */
const MAX_RULES_LOGGED = 64;

/** Of rules of which only a part came into force. */
const PARTIAL = ": refused resources keep their last good version";

/** What callers send may be of any length. */
const LONGEST_REQUEST_ID = 128;

/** What came into force. */
export interface RulesSummary {
  /** The file or folder, or the control plane. */
  readonly path: string;
  readonly domains: number;
  readonly rules: number;
  /** Faults that did not keep the rules from loading. */
  readonly warnings: FaultTexts;
}

/** How rules came into force. */
export interface RulesLoad {
  /** There were none before. */
  readonly isFirst: boolean;
  /** Some that were sent to us were refused. */
  readonly isPartial: boolean;
  /** From the moment they were asked for. */
  readonly seconds: number;
}

/** Faults of rules. */
export interface FaultTexts {
  readonly texts: readonly string[];
  /** How many there are besides. */
  readonly more: number;
}

/** Who asked, as far as a log or a trace needs to know. */
export interface ObservedCaller {
  /** The first value of a field that came with the call. */
  metadataValue?(name: string): string | undefined;
}

/** A descriptor that was over its limit. */
export interface OverLimitFacts {
  readonly domain: string;
  readonly rule: string;
  readonly outcome: string;
  readonly overall: string;
  /** Made when it is logged. */
  readonly limits: () => readonly object[];
  readonly caller: ObservedCaller | undefined;
}

export interface BusinessEventsOptions {
  /** For tests: calls back after so many milliseconds. */
  readonly schedule?: Schedule;
  /** Told what the store took for a call; absent where there are no traces. */
  readonly traceStore?: ((caller: object, store: string, status: string, seconds: number) => void) | undefined;
}

/** How the server runs. */
export interface StartSummary {
  readonly version: string;
  readonly store: string;
  /** 0 where it is a unix socket. */
  readonly grpcPort: number;
  readonly httpPort: number;
  /** Absent where there is no admin API. */
  readonly adminPort?: number;
  /** Absent where metrics have no listener of their own. */
  readonly metricsPort?: number;
}

/**
 * What happens in Weir, one method an event, each writing log and metric together. Fits the engine's EngineEvents
 * without knowing it. What may happen for each request is logged at most once a second, with how much was left out.
 */
export class BusinessEvents {
  readonly #metrics: Metrics;
  readonly #logger: Logger;
  readonly #sampled: SampledLog;
  /** Apart from the others, which must not drown in them. */
  readonly #refusals: SampledLog;
  readonly #traceStore: BusinessEventsOptions["traceStore"];

  constructor(metrics: Metrics, logger: Logger, { schedule, traceStore }: BusinessEventsOptions = {}) {
    this.#metrics = metrics;
    this.#logger = logger;
    this.#sampled = new SampledLog(SAMPLE_INTERVAL_MILLIS, schedule);
    this.#refusals = new SampledLog(SAMPLE_INTERVAL_MILLIS, schedule, MAX_RULES_LOGGED);
    this.#traceStore = traceStore;
  }

  /** One descriptor was answered: counted only; `descriptorOverLimit` logs. */
  descriptorDecided(domain: string, rule: string, outcome: string, admittedHits: number, refusedHits: number): void {
    this.#metrics.decisions.count(domain, rule, outcome, admittedHits, refusedHits);
  }

  /** A request asked for tokens of a bucket: counted only. */
  bucketAsked(key: string): void {
    this.#metrics.activeKeys.add(key);
  }

  /** So much of a bucket's burst was left after a decision: counted only. */
  bucketDecided(shareLeft: number): void {
    this.#metrics.fill.observe(shareLeft);
  }

  /** A descriptor was over its limit, as `descriptorDecided` has counted: logged for each rule. */
  descriptorOverLimit(over: OverLimitFacts): void {
    const isMistake = over.outcome === "never_fits";
    const level = isMistake ? "warn" : "info";
    if (!this.#logger.isLevelEnabled(level)) return;
    const { domain, rule, outcome, overall } = over;
    this.#refusals.write(`${level} ${domain}\n${rule}`, (leftOut) => {
      const facts = { domain, rule, outcome, overall, limits: over.limits(), ...traceFacts(over.caller), leftOut };
      this.#logger[level](facts, isMistake ? "request costs more than the burst and can never pass" : "over the limit");
    });
  }

  /** A request was answered, so long after it came: counted only. */
  requestDecided(outcome: string, seconds: number): void {
    this.#metrics.requestDecided(outcome, seconds);
  }

  /** The store answered or failed: counted, and traced; `storeFailed` logs. */
  storeAnswered(store: string, status: string, seconds: number, caller: ObservedCaller | undefined): void {
    this.#metrics.storeAnswered(store, status, seconds);
    if (this.#traceStore !== undefined && caller !== undefined) this.#traceStore(caller, store, status, seconds);
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
    this.#metrics.storeWarned();
    this.#logger.warn({ message }, "the store needs attention");
  }

  /** A client's certificate carries none of the names that are asked for: counted where that is seen. */
  clientRefused(names: string): void {
    this.#sampled.write("client names", (leftOut) =>
      this.#logger.warn(
        { names, leftOut },
        "a gRPC client was refused: its certificate has none of the required names",
      ),
    );
  }

  /** Names of envoyproxy/ratelimit were found in the environment. */
  ratelimitVariablesTaken(taken: readonly string[], warnings: readonly string[]): void {
    const level = warnings.length === 0 ? "info" : "warn";
    this.#logger[level]({ taken, warnings }, "using envoyproxy/ratelimit environment variables");
  }

  /** Traces did not reach their collector. */
  tracesNotSent(reason: string): void {
    this.#sampled.write("traces", (leftOut) => this.#logger.warn({ reason, leftOut }, "traces were not sent"));
  }

  /** An operator changed something: who wanted it and why is in the details. @param action one of a few words of ours */
  adminChanged(action: string, from: string, details: Readonly<Record<string, unknown>>): void {
    this.#metrics.admin.changed(action);
    this.#logger.info({ audit: action, from, ...details }, "admin change");
  }

  /** Rules came into force. Where they are partial, XdsEvents logs the faults of those that were refused. */
  rulesInForce({ path, domains, rules, warnings }: RulesSummary, { isFirst, isPartial, seconds }: RulesLoad): void {
    const { reloads } = this.#metrics;
    if (isFirst && !isPartial) reloads.started();
    else reloads.reloaded(isPartial ? "error" : "ok", seconds);
    this.#metrics.rulesInForce(domains, rules);
    for (const warning of warnings.texts) this.#logger.warn({ path, warning }, "warning in the rules");
    const facts = { path, domains, rules, warnings: warnings.texts.length + warnings.more, seconds };
    const message = `rules ${isPartial ? "partly " : ""}${isFirst ? "loaded" : "reloaded"}${isPartial ? PARTIAL : ""}`;
    this.#logger.info(facts, message);
  }

  /** Rules that were sent to us are not good: counted only; XdsEvents logs why, with their version. */
  sentRulesRefused(seconds: number): void {
    this.#metrics.reloads.reloaded("error", seconds);
  }

  /** Somebody wants rules to be read again that are sent to us. */
  rulesNotReadAgain(path: string): void {
    this.#logger.info({ path }, "nothing to reload: the control plane sends rules when they change");
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
    this.#logger.warn({ folder, reason }, "cannot watch this folder: changes are found by polling or SIGHUP only");
  }

  /** All listeners are open. */
  listening(summary: StartSummary): void {
    this.#logger.info(summary, "listening");
  }

  /** Traffic may come. */
  ready(): void {
    this.#logger.info("ready");
  }

  /** Traffic may not come yet, and for a while already. */
  notReadyYet(reasons: readonly string[]): void {
    this.#logger.warn({ reasons }, "not ready yet");
  }

  /** The server begins to stop. */
  stopping(): void {
    this.#logger.info("stopping");
  }

  /** The server has stopped: nothing follows. */
  stopped(): void {
    this.#refusals.flush();
    this.#sampled.flush();
    this.#logger.info("stopped");
  }
}

/** By what a line is found again: the proxy's id of the request, and the trace that it is part of. */
function traceFacts(caller: ObservedCaller | undefined): { requestId?: string; traceId?: string } {
  const requestId = caller?.metadataValue?.("x-request-id")?.slice(0, LONGEST_REQUEST_ID);
  const traceId = parseTraceParent(caller?.metadataValue?.("traceparent"))?.traceId;
  return { ...(requestId === undefined ? {} : { requestId }), ...(traceId === undefined ? {} : { traceId }) };
}
