import type { Algorithm } from "../limits/limit.js";
import type { DomainRules, Entry, JsonObject, RuleSet } from "../rules/rule.js";
import { type IdentifyBucket, identifyBuckets } from "../stores/bucket-identity.js";
import { StoreFailure, type Verdict } from "../stores/store.js";
import { type Controls, NO_CONTROLS } from "./controls.js";
import type { Decision } from "./decision.js";
import { DEGRADED, detailOf } from "./decision-detail.js";
import { denyResponseOf } from "./deny-response.js";
import { passedMetadata, requestMetadata } from "./dynamic-metadata.js";
import { EngineError } from "./engine-error.js";
import type { EngineEvents, RequestOutcome } from "./events.js";
import { LocalDecisions, type LocalStore } from "./local-decisions.js";
import type { DecidingStore } from "./look.js";
import { isUsableOverride } from "./matched-limits.js";
import { MetricLabels } from "./metric-labels.js";
import { type DescriptorPlan, type PlanParts, planRequest, type RequestPlan } from "./plan.js";
import type { Descriptor, EngineCaller, RateLimitRequest } from "./request.js";
import { type HeaderSettings, ResponseHeaders } from "./response-headers.js";
import { type AnsweredDescriptor, answerDescriptor, OK_STATUS, OVER_LIMIT_STATUS } from "./statuses.js";
import { answerLocally, decideWithoutStore, FAILURE_OUTCOMES, type OnStoreFailure } from "./store-failure.js";
import { tellDecision, tellUndecided } from "./tell-decision.js";

/** Left of the caller's deadline for the way back, so that the answer is there in time. */
const CALLER_MARGIN_MILLIS = 2;

export interface EngineSettings extends HeaderSettings {
  /** How long the store may take for a decision, milliseconds. */
  readonly storeTimeoutMillis: number;
  readonly onStoreFailure: OnStoreFailure;
  /** Under `local`, the share of every limit that this process takes on itself: above 0, up to 1. */
  readonly localShare: number;
  /** How limits count that come with a request and replace no limit of a rule (D9). */
  readonly defaultAlgorithm: Algorithm;
  /** Decide, charge and answer as if enforced, but let everything through (D6). */
  readonly globalShadow: boolean;
  /** Treat every limit as a quota limit (D4). */
  readonly globalQuota: boolean;
  /** Add the request to the dynamic metadata of the answer, as ER's RESPONSE_DYNAMIC_METADATA does. */
  readonly responseDynamicMetadata: boolean;
  /** Whether decisions have their detail. */
  readonly tellsDetail?: boolean;
}

export interface EngineParts {
  /** The rules in force; asked once a request, so that no request sees half a reload. Undefined: none have come yet. */
  readonly rules: () => RuleSet | undefined;
  readonly store: DecidingStore;
  /** What decides under `local` while the store fails; needed then and only then. */
  readonly localStore?: LocalStore | undefined;
  /** How buckets are named; by default with values as they are sent. */
  readonly identifyBucket?: IdentifyBucket;
  /** Labels with values; engines that share them have one bound together. */
  readonly labels?: MetricLabels;
  readonly settings: EngineSettings;
  readonly events: EngineEvents;
  /** What operators decide meanwhile; absent: nothing. */
  readonly controls?: Controls;
  /** Told of each descriptor that refused a request. Must be cheap and must not throw. */
  readonly onRefused?: (domain: string, entries: readonly Entry[], plan: DescriptorPlan) => void;
  /** A clock that never steps back, milliseconds. */
  readonly nowMillis?: () => number;
}

/** Decides over requests: rules give the limits, the store takes the tokens, and the decision contract (D1 to D14). */
export class Engine {
  readonly #parts: EngineParts;
  readonly #nowMillis: () => number;
  readonly #planParts: PlanParts;
  readonly #local: LocalDecisions | undefined;
  readonly #controls: Controls;
  readonly #headers: ResponseHeaders | undefined;

  /** @throws TypeError under `local` without a local store */
  constructor(parts: EngineParts) {
    const {
      settings,
      localStore,
      identifyBucket,
      nowMillis,
      controls = NO_CONTROLS,
      labels = new MetricLabels(),
    } = parts;
    if (settings.onStoreFailure === "local" && localStore === undefined) throw new TypeError("no local store");
    this.#parts = parts;
    this.#nowMillis = nowMillis ?? (() => performance.now());
    this.#controls = controls;
    this.#planParts = { labels, identifyBucket: identifyBucket ?? identifyBuckets(), controls };
    this.#local = localStore === undefined ? undefined : new LocalDecisions(localStore, settings.localShare);
    this.#headers = ResponseHeaders.by(settings);
  }

  /**
   * Decides over one request; answers at once when the store does.
   * @param caller how long it waits, and whether it has gone before anything was charged; absent: it waits for ever
   * @throws EngineError (or a promise of one): the request is not valid, there are no rules yet or the store failed and
   * `error` decides, or the caller has gone
   */
  decide(request: RateLimitRequest, caller?: EngineCaller): Decision | Promise<Decision> {
    const startedMillis = this.#nowMillis();
    const { rules, settings } = this.#parts;
    const invalid = invalidBecause(request);
    if (invalid !== undefined) {
      this.#answered("invalid", startedMillis);
      throw new EngineError("invalid_request", invalid);
    }
    const inForce = rules();
    if (inForce === undefined) return this.#withoutRules(request, startedMillis);
    const domain = inForce.domains.get(request.domain);
    if (domain === undefined) return this.#unknownDomain(request, startedMillis);
    this.#countIgnoredOverrides(request, domain);
    const plan = planRequest(request, domain, settings, this.#planParts);
    if (plan.charges.length === 0) return this.#decided(request, plan, undefined, caller, startedMillis);
    return this.#askStore(request, plan, caller, startedMillis);
  }

  /**
   * What a descriptor meets now, with its buckets: what decides over it, as long as the rules stay. Asks the store nothing
   * and counts nothing. Undefined for a domain that no rules know.
   */
  explain(domain: string, entries: readonly Entry[]): DescriptorPlan | undefined {
    const rules = this.#parts.rules()?.domains.get(domain);
    if (rules === undefined) return undefined;
    const request = { domain, hitsAddend: 0, descriptors: [{ entries, isNegativeHits: false }] };
    return planRequest(request, rules, this.#parts.settings, this.#planParts).descriptors[0];
  }

  get #letsAllThrough(): boolean {
    return this.#parts.settings.globalShadow || this.#controls.isPaused;
  }

  #askStore(
    request: RateLimitRequest,
    plan: RequestPlan,
    caller: EngineCaller | undefined,
    startedMillis: number,
  ): Decision | Promise<Decision> {
    const { store, settings, events } = this.#parts;
    const askedMillis = this.#nowMillis();
    const decided = (verdict: Verdict): Decision => {
      events.storeAnswered(store.kind, "ok", (this.#nowMillis() - askedMillis) / 1000, caller);
      return this.#decided(request, plan, verdict, caller, startedMillis);
    };
    const failed = (error: unknown): Decision => {
      // Anything else is a fault of our own, which must not pass for a failing store.
      if (!(error instanceof StoreFailure)) throw error;
      events.storeAnswered(store.kind, error.kind, (this.#nowMillis() - askedMillis) / 1000, caller);
      if (error.kind !== "cancelled") events.storeFailed(store.kind, error.message);
      return this.#storeFailed(request, plan, error, startedMillis);
    };
    if (caller?.isCancelled === true) return failed(new StoreFailure("cancelled", "the caller has gone"));
    const callerMillis = caller === undefined ? Number.POSITIVE_INFINITY : caller.remainingMillis;
    const budgetMillis = Math.min(settings.storeTimeoutMillis, callerMillis - CALLER_MARGIN_MILLIS);
    if (budgetMillis <= 0) return failed(new StoreFailure("timeout", "the caller's deadline leaves no time to decide"));
    let verdict: Verdict | Promise<Verdict>;
    try {
      verdict = store.decide(plan.charges, budgetMillis, caller);
    } catch (error) {
      return failed(error);
    }
    return verdict instanceof Promise ? verdict.then(decided, failed) : decided(verdict);
  }

  #decided(
    request: RateLimitRequest,
    plan: RequestPlan,
    verdict: Verdict | undefined,
    caller: EngineCaller | undefined,
    startedMillis: number,
  ): Decision {
    const { settings, events, onRefused } = this.#parts;
    const letsAllThrough = this.#letsAllThrough;
    const answers = plan.descriptors.map((descriptor) => answerDescriptor(descriptor, verdict));
    const overallCode = verdict === undefined || verdict.admitted || letsAllThrough ? "OK" : "OVER_LIMIT";
    tellDecision(events, { request, plan, verdict, answers, overall: overallCode, letsAllThrough, caller });
    if (overallCode === "OVER_LIMIT" && onRefused !== undefined) this.#tellRefused(request, plan, answers, onRefused);
    this.#answered(overallCode === "OK" ? "ok" : "over_limit", startedMillis);
    const statuses = answers.map((answer) => answer.status);
    const dynamicMetadata = this.#metadata(request, passedMetadata(plan.descriptors, answers));
    const denyResponse = overallCode === "OK" ? undefined : denyResponseOf(plan.descriptors, answers);
    const headers =
      verdict === undefined ? undefined : this.#headers?.of({ plan, verdict, statuses, denyResponse, letsAllThrough });
    return {
      overallCode,
      statuses,
      ...(dynamicMetadata === undefined ? {} : { dynamicMetadata }),
      ...(denyResponse === undefined ? {} : { denyResponse }),
      ...(headers === undefined ? {} : { responseHeaders: headers }),
      ...(settings.tellsDetail === true ? { detail: detailOf(plan, verdict) } : {}),
    };
  }

  #storeFailed(request: RateLimitRequest, plan: RequestPlan, failure: StoreFailure, startedMillis: number): Decision {
    const { store, settings, events } = this.#parts;
    const { kind } = store;
    const { onStoreFailure: rule, tellsDetail } = settings;
    if (failure.kind === "cancelled") {
      tellUndecided(events, request, plan, "cancelled");
      this.#answered("cancelled", startedMillis);
      throw new EngineError("cancelled", failure.message, { cause: failure });
    }
    if (rule === "error") {
      tellUndecided(events, request, plan, FAILURE_OUTCOMES[rule]);
      this.#answered("failed", startedMillis);
      throw new EngineError("store_failure", `the ${kind} store failed: ${failure.message}`, { cause: failure });
    }
    const decision = this.#decideAlone(plan, rule);
    tellUndecided(events, request, plan, FAILURE_OUTCOMES[rule], decision);
    this.#answered(decision.overallCode === "OK" ? "ok" : "over_limit", startedMillis);
    return tellsDetail === true ? { ...decision, detail: DEGRADED } : decision;
  }

  #decideAlone(plan: RequestPlan, rule: Exclude<OnStoreFailure, "error">): Decision {
    if (rule !== "local") return decideWithoutStore(plan, rule, this.#letsAllThrough);
    return answerLocally(plan, (this.#local as LocalDecisions).decide(plan.charges), this.#letsAllThrough);
  }

  #tellRefused(
    request: RateLimitRequest,
    { descriptors }: RequestPlan,
    answers: readonly AnsweredDescriptor[],
    onRefused: NonNullable<EngineParts["onRefused"]>,
  ): void {
    answers.forEach(({ outcome }, index) => {
      if (outcome !== "over_limit" && outcome !== "never_fits") return;
      const { entries } = request.descriptors[index] as Descriptor;
      onRefused(request.domain, entries, descriptors[index] as DescriptorPlan);
    });
  }

  /**
   * As when the store fails (D13), but that `local` has nothing to decide by, and `deny` cannot tell what is limited. To
   * let everything through by default would take the decision from a proxy that is told to refuse when nobody decides.
   */
  #withoutRules({ descriptors }: RateLimitRequest, startedMillis: number): Decision {
    const { events, settings } = this.#parts;
    const { onStoreFailure: rule, tellsDetail } = settings;
    for (const _ of descriptors) events.descriptorDecided("", "", "no_rules", 0, 0);
    if (rule === "error" || rule === "local") {
      this.#answered("failed", startedMillis);
      throw new EngineError("no_rules", "no rules have been received from the control plane yet");
    }
    const status = rule === "deny" ? OVER_LIMIT_STATUS : OK_STATUS;
    const overallCode = rule === "deny" && !this.#letsAllThrough ? "OVER_LIMIT" : "OK";
    this.#answered(overallCode === "OK" ? "ok" : "over_limit", startedMillis);
    const decision: Decision = { overallCode, statuses: descriptors.map(() => status) };
    return tellsDetail === true ? { ...decision, detail: DEGRADED } : decision;
  }

  #unknownDomain(request: RateLimitRequest, startedMillis: number): Decision {
    // The name is the caller's: as a label it would have no bound.
    for (const _ of request.descriptors) this.#parts.events.descriptorDecided("", "", "unknown_domain", 0, 0);
    this.#answered("ok", startedMillis);
    const statuses = request.descriptors.map(() => OK_STATUS);
    const dynamicMetadata = this.#metadata(request, undefined);
    return dynamicMetadata === undefined
      ? { overallCode: "OK", statuses }
      : { overallCode: "OK", statuses, dynamicMetadata };
  }

  #metadata(request: RateLimitRequest, passed: JsonObject | undefined): JsonObject | undefined {
    return this.#parts.settings.responseDynamicMetadata ? { ...requestMetadata(request), ...passed } : passed;
  }

  #countIgnoredOverrides(request: RateLimitRequest, domain: DomainRules): void {
    for (const { limit } of request.descriptors) {
      if (limit !== undefined && !isUsableOverride(limit)) this.#parts.events.overrideIgnored(domain.domain);
    }
  }

  #answered(outcome: RequestOutcome, startedMillis: number): void {
    this.#parts.events.requestDecided(outcome, (this.#nowMillis() - startedMillis) / 1000);
  }
}

/** D10: the words that say what is missing. */
function invalidBecause(request: RateLimitRequest): string | undefined {
  if (request.domain === "") return "rate limit domain must not be empty";
  if (request.descriptors.length === 0) return "rate limit descriptor list must not be empty";
  return undefined;
}
