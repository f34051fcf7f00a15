import type { Algorithm } from "../limits/limit.js";
import type { DomainRules, JsonObject, RuleSet } from "../rules/rule.js";
import { type Store, StoreFailure, type Verdict } from "../stores/store.js";
import type { Decision } from "./decision.js";
import { denyResponseOf } from "./deny-response.js";
import { passedMetadata, requestMetadata } from "./dynamic-metadata.js";
import { EngineError } from "./engine-error.js";
import type { EngineEvents, RequestOutcome } from "./events.js";
import { isUsableOverride } from "./matched-limits.js";
import { MetricLabels } from "./metric-labels.js";
import { planRequest, type RequestPlan } from "./plan.js";
import type { RateLimitRequest } from "./request.js";
import { answerDescriptor, OK_STATUS } from "./statuses.js";
import { decideWithoutStore, type OnStoreFailure } from "./store-failure.js";

/** Left of the caller's deadline for the way back, so that the answer is there in time. */
const CALLER_MARGIN_MILLIS = 2;

export interface EngineSettings {
  /** How long the store may take for a decision, milliseconds. */
  readonly storeTimeoutMillis: number;
  readonly onStoreFailure: OnStoreFailure;
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
  readonly settings: EngineSettings;
  readonly events: EngineEvents;
  /** A clock that never steps back, milliseconds. */
  readonly nowMillis?: () => number;
}

/** Decides over requests: rules give the limits, the store takes the tokens, and the decision contract (D1 to D14). */
export class Engine {
  readonly #parts: EngineParts;
  readonly #nowMillis: () => number;
  readonly #labels = new MetricLabels();

  constructor(parts: EngineParts) {
    this.#parts = parts;
    this.#nowMillis = parts.nowMillis ?? (() => performance.now());
  }

  /**
   * Decides over one request; answers at once when the store does.
   * @param callerBudgetMillis how long the caller waits, if it said so
   * @throws EngineError (or a promise of one): the request is not valid, or the store failed and `error` decides
   */
  decide(request: RateLimitRequest, callerBudgetMillis = Number.POSITIVE_INFINITY): Decision | Promise<Decision> {
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
    const plan = planRequest(request, domain, settings, this.#labels);
    if (plan.charges.length === 0) return this.#decided(request, plan, undefined, startedMillis);
    const budgetMillis = Math.min(settings.storeTimeoutMillis, callerBudgetMillis - CALLER_MARGIN_MILLIS);
    return this.#askStore(request, plan, budgetMillis, startedMillis);
  }

  #askStore(
    request: RateLimitRequest,
    plan: RequestPlan,
    budgetMillis: number,
    startedMillis: number,
  ): Decision | Promise<Decision> {
    const { store, events } = this.#parts;
    const askedMillis = this.#nowMillis();
    const decided = (verdict: Verdict): Decision => {
      events.storeAnswered(store.kind, "ok", (this.#nowMillis() - askedMillis) / 1000);
      return this.#decided(request, plan, verdict, startedMillis);
    };
    const failed = (error: unknown): Decision => {
      // Anything else is a fault of our own, which must not pass for a failing store.
      if (!(error instanceof StoreFailure)) throw error;
      events.storeAnswered(store.kind, error.kind, (this.#nowMillis() - askedMillis) / 1000);
      events.storeFailed(store.kind, error.message);
      return this.#storeFailed(request, plan, error, startedMillis);
    };
    if (budgetMillis <= 0) return failed(new StoreFailure("timeout", "the caller's deadline leaves no time to decide"));
    let verdict: Verdict | Promise<Verdict>;
    try {
      verdict = store.decide(plan.charges, budgetMillis);
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

  #storeFailed(request: RateLimitRequest, plan: RequestPlan, error: StoreFailure, startedMillis: number): Decision {
    const { settings, events } = this.#parts;
    const rule = settings.onStoreFailure;
    const failure = ({ error: "failed", allow: "failed_open", deny: "failed_closed" } as const)[rule];
    for (const descriptor of plan.descriptors) {
      const outcome = descriptor.kind === "limited" ? failure : descriptor.kind;
      events.descriptorDecided(request.domain, descriptor.label, outcome);
    }
    if (rule === "error") {
      this.#answered("failed", startedMillis);
      throw new EngineError("store_failure", `the ${this.#parts.store.kind} store failed: ${error.message}`, {
        cause: error,
      });
    }
    const decision = decideWithoutStore(plan, rule, settings.globalShadow);
    this.#answered(decision.overallCode === "OK" ? "ok" : "over_limit", startedMillis);
    return decision;
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
