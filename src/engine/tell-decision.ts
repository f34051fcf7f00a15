import type { Outcome, Verdict } from "../stores/store.js";
import type { Code, Decision } from "./decision.js";
import type { DescriptorOutcome, EngineEvents, UnmetLimit } from "./events.js";
import { type DescriptorPlan, hitsOf, type RequestPlan } from "./plan.js";
import type { EngineCaller, RateLimitRequest } from "./request.js";
import type { AnsweredDescriptor } from "./statuses.js";

/** A request that the store decided over, or that needed no store. */
export interface DecidedRequest {
  readonly request: RateLimitRequest;
  readonly plan: RequestPlan;
  readonly verdict: Verdict | undefined;
  readonly answers: readonly AnsweredDescriptor[];
  readonly overall: Code;
  /** Everything is let through (D6): what is over its limit counts as if its rule were a shadow. */
  readonly letsAllThrough: boolean;
  readonly caller: EngineCaller | undefined;
}

/** Tells what became of each descriptor, of each bucket, and of limits that were not met. */
export function tellDecision(events: EngineEvents, decided: DecidedRequest): void {
  const { request, plan, verdict, answers, overall, letsAllThrough } = decided;
  for (let index = 0; index < answers.length; index++) {
    const descriptor = plan.descriptors[index] as DescriptorPlan;
    const told = (answers[index] as AnsweredDescriptor).outcome;
    const isOver = told === "over_limit" || told === "never_fits";
    const outcome = letsAllThrough && isOver ? "shadow_over_limit" : told;
    const hits = countedHits(request, descriptor, index);
    const isRefused = isOver && !letsAllThrough && !isSettled(descriptor, verdict);
    const isAdmitted = !isRefused && (overall === "OK" || isSettled(descriptor, verdict));
    events.descriptorDecided(request.domain, descriptor.label, outcome, isAdmitted ? hits : 0, isRefused ? hits : 0);
    if (verdict !== undefined) tellBuckets(events, descriptor, verdict);
    if (outcome !== told || isOver || told === "shadow_over_limit") tellOverLimit(events, decided, index, outcome);
  }
}

/** Tells of a request that the store did not decide over. @param decision what was answered instead, if anything was */
export function tellUndecided(
  events: EngineEvents,
  request: RateLimitRequest,
  plan: RequestPlan,
  outcome: DescriptorOutcome,
  decision?: Decision,
): void {
  plan.descriptors.forEach((descriptor, index) => {
    const { kind, label, limits } = descriptor;
    const hits = countedHits(request, descriptor, index);
    const isAdmitted = decision?.overallCode === "OK";
    const isRefused = decision?.overallCode === "OVER_LIMIT" && decision.statuses[index]?.code === "OVER_LIMIT";
    const counted = kind === "limited" ? outcome : kind;
    events.descriptorDecided(request.domain, label, counted, isAdmitted ? hits : 0, isRefused ? hits : 0);
    for (const { charge } of limits) events.bucketAsked(charge.key);
  });
}

/** Hits that ask to be let through: none of a refund, nor where no rule looks at them. */
function countedHits(request: RateLimitRequest, { kind }: DescriptorPlan, index: number): number {
  const descriptor = request.descriptors[index];
  if (descriptor === undefined || descriptor.isNegativeHits) return 0;
  return kind === "limited" || kind === "unlimited" ? hitsOf(descriptor, request) : 0;
}

/** Whether hits paid for a pending charge: they were taken whatever was answered (D5). */
function isSettled({ limits }: DescriptorPlan, verdict: Verdict | undefined): boolean {
  for (const { chargeIndex } of limits) if (verdict?.outcomes[chargeIndex]?.settled === true) return true;
  return false;
}

function tellBuckets(events: EngineEvents, { limits }: DescriptorPlan, { outcomes }: Verdict): void {
  for (const { charge, chargeIndex } of limits) {
    const { tokens } = outcomes[chargeIndex] as Outcome;
    const { burst } = charge.limit;
    events.bucketAsked(charge.key);
    // A bucket without a burst bans, and is neither full nor empty.
    if (burst > 0) events.bucketDecided(tokens <= 0 ? 0 : Math.min(1, tokens / burst));
  }
}

function tellOverLimit(
  events: EngineEvents,
  { request, plan, verdict, overall, caller }: DecidedRequest,
  index: number,
  outcome: DescriptorOutcome,
): void {
  const { label, limits } = plan.descriptors[index] as DescriptorPlan;
  events.descriptorOverLimit({
    domain: request.domain,
    rule: label,
    outcome,
    overall,
    caller,
    limits: () =>
      limits.flatMap(({ limit, charge, chargeIndex }): UnmetLimit[] => {
        const unmet = verdict?.outcomes[chargeIndex];
        if (unmet === undefined || unmet.fits) return [];
        const { requestsPerUnit, unit, unitMultiplier, name, bucket } = limit;
        return [
          {
            requestsPerUnit,
            unit,
            ...(unitMultiplier === 1 ? {} : { unitMultiplier }),
            ...(name === "" ? {} : { name }),
            burst: bucket.burst,
            hits: charge.hits,
            tokens: unmet.tokens,
            bucket: charge.key,
          },
        ];
      }),
  });
}
