import type { Algorithm } from "../limits/limit.js";
import type { DomainRules, JsonObject, RuleSet } from "../rules/rule.js";
import { type IdentifyBucket, identifyBuckets } from "../stores/bucket-identity.js";
import { type Store, StoreFailure, type Verdict } from "../stores/store.js";
import type { Decision } from "./decision.js";
import { denyResponseOf } from "./deny-response.js";
import { passedMetadata, requestMetadata } from "./dynamic-metadata.js";
import { EngineError } from "./engine-error.js";
import type { DescriptorOutcome, EngineEvents, RequestOutcome } from "./events.js";
import { LocalDecisions, type LocalStore } from "./local-decisions.js";
import { isUsableOverride } from "./matched-limits.js";
import { MetricLabels } from "./metric-labels.js";
import { type PlanParts, planRequest, type RequestPlan } from "./plan.js";
import type { EngineCaller, RateLimitRequest } from "./request.js";
import { answerDescriptor, OK_STATUS } from "./statuses.js";
import { answerLocally, decideWithoutStore, FAILURE_OUTCOMES, type OnStoreFailure } from "./store-failure.js";

/** Left of the caller's deadline for the way back, so that the answer is there in time. */
const CALLER_MARGIN_MILLIS = 2;

export interface EngineSettings {
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
}

export interface EngineParts {
  /** The rules in force; asked once a request, so that no request sees half a reload. */
  readonly rules: () => RuleSet;
  readonly store: Store;
  /** What decides under `local` while the store fails; needed then and only then. */
  readonly localStore?: LocalStore | undefined;
  /** How buckets are named; by default with values as they are sent. */
  readonly identifyBucket?: IdentifyBucket;
  readonly settings: EngineSettings;
  readonly events: EngineEvents;
  /** A clock that never steps back, milliseconds. */
  readonly nowMillis?: () => number;
}

/** Decides over requests: rules give the limits, the store takes the tokens, and the decision contract (D1 to D14). */
export class Engine {
  readonly #parts: EngineParts;
  readonly #nowMillis: () => number;
  readonly #planParts: PlanParts;
  readonly #local: LocalDecisions | undefined;

  /** @throws TypeError under `local` without a local store */
  constructor(parts: EngineParts) {
    const { settings, localStore, identifyBucket, nowMillis } = parts;
    if (settings.onStoreFailure === "local" && localStore === undefined) throw new TypeError("no local store");
    this.#parts = parts;
    this.#nowMillis = nowMillis ?? (() => performance.now());
    this.#planParts = { labels: new MetricLabels(), identifyBucket: identifyBucket ?? identifyBuckets() };
    this.#local = localStore === undefined ? undefined : new LocalDecisions(localStore, settings.localShare);
  }

  /**
   * Decides over one request; answers at once when the store does.
   * @param caller how long it waits, and whether it has gone before anything was charged; absent: it waits for ever
   * @throws EngineError (or a promise of one): the request is not valid, the store failed and `error` decides, or the
   * caller has gone
   */
  decide(request: RateLimitRequest, caller?: EngineCaller): Decision | Promise<Decision> {
    const startedMillis = this.#nowMillis();
    const { rules, settings } = this.#parts;
    const invalid = invalidBecause(request);
    if (invalid !== undefined) {
      this.#answered("invalid", startedMillis);
      throw new EngineError("invalid_request", invalid);
    }
    const domain = rules().domains.get(request.domain);
    if (domain === undefined) return this.#unknownDomain(request, startedMillis);
    this.#countIgnoredOverrides(request, domain);
    const plan = planRequest(request, domain, settings, this.#planParts);
    if (plan.charges.length === 0) return this.#decided(request, plan, undefined, startedMillis);
    return this.#askStore(request, plan, caller, startedMillis);
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
      events.storeAnswered(store.kind, "ok", (this.#nowMillis() - askedMillis) / 1000);
      return this.#decided(request, plan, verdict, startedMillis);
    };
    const failed = (error: unknown): Decision => {
      // Anything else is a fault of our own, which must not pass for a failing store.
      if (!(error instanceof StoreFailure)) throw error;
      events.storeAnswered(store.kind, error.kind, (this.#nowMillis() - askedMillis) / 1000);
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
    startedMillis: number,
  ): Decision {
    const { settings, events } = this.#parts;
    const answers = plan.descriptors.map((descriptor) => answerDescriptor(descriptor, verdict));
    answers.forEach(({ outcome }, index) => {
      const shadowed = settings.globalShadow && (outcome === "over_limit" || outcome === "never_fits");
      const label = plan.descriptors[index]?.label ?? "";
      events.descriptorDecided(request.domain, label, shadowed ? "shadow_over_limit" : outcome);
    });
    const overallCode = verdict === undefined || verdict.admitted || settings.globalShadow ? "OK" : "OVER_LIMIT";
    this.#answered(overallCode === "OK" ? "ok" : "over_limit", startedMillis);
    const statuses = answers.map((answer) => answer.status);
    const dynamicMetadata = this.#metadata(request, passedMetadata(plan.descriptors, answers));
    const denyResponse = overallCode === "OK" ? undefined : denyResponseOf(plan.descriptors, answers);
    return {
      overallCode,
      statuses,
      ...(dynamicMetadata === undefined ? {} : { dynamicMetadata }),
      ...(denyResponse === undefined ? {} : { denyResponse }),
    };
  }

  #storeFailed(request: RateLimitRequest, plan: RequestPlan, failure: StoreFailure, startedMillis: number): Decision {
    const { kind } = this.#parts.store;
    const rule = this.#parts.settings.onStoreFailure;
    if (failure.kind === "cancelled") {
      this.#countUndecided(request, plan, "cancelled");
      this.#answered("cancelled", startedMillis);
      throw new EngineError("cancelled", failure.message, { cause: failure });
    }
    this.#countUndecided(request, plan, FAILURE_OUTCOMES[rule]);
    if (rule === "error") {
      this.#answered("failed", startedMillis);
      throw new EngineError("store_failure", `the ${kind} store failed: ${failure.message}`, { cause: failure });
    }
    const decision = this.#decideAlone(plan, rule);
    this.#answered(decision.overallCode === "OK" ? "ok" : "over_limit", startedMillis);
    return decision;
  }

  /** Counts what the store was to decide over as `outcome`. */
  #countUndecided(request: RateLimitRequest, plan: RequestPlan, outcome: DescriptorOutcome): void {
    for (const { kind, label } of plan.descriptors) {
      this.#parts.events.descriptorDecided(request.domain, label, kind === "limited" ? outcome : kind);
    }
  }

  #decideAlone(plan: RequestPlan, rule: Exclude<OnStoreFailure, "error">): Decision {
    const { globalShadow } = this.#parts.settings;
    if (rule !== "local") return decideWithoutStore(plan, rule, globalShadow);
    return answerLocally(plan, (this.#local as LocalDecisions).decide(plan.charges), globalShadow);
  }

  #unknownDomain(request: RateLimitRequest, startedMillis: number): Decision {
    // The name is the caller's: as a label it would have no bound.
    for (const _ of request.descriptors) this.#parts.events.descriptorDecided("", "", "unknown_domain");
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
