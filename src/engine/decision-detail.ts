import type { RateLimit } from "../rules/rule.js";
import type { Verdict } from "../stores/store.js";
import type { DescriptorPlan, RequestPlan } from "./plan.js";
import { type AnsweredLimit, answeredLimits, refusingLimits, waitMicros } from "./refusal.js";

/** What is to be told of a limit besides whether it refused. */
export interface ToldLimit {
  readonly limit: RateLimit;
  /** Whole tokens left, 0 when in debt. */
  readonly remaining: number;
  /** Microseconds until the bucket is full. Infinity: never. */
  readonly untilFullMicros: number;
}

/** What a decision was made by, for callers who are told more than Envoy. */
export interface DecisionDetail {
  /** The store failed and D13 decided: nothing else is known. */
  readonly degraded: boolean;
  /** The label of the rule that has the limit, or without one of the first rule that was met; empty where none was. */
  readonly rule: string;
  /** When refused the limit with the longest wait, else the one with the least left. */
  readonly told?: ToldLimit;
  /** When refused, microseconds until the same request would be admitted. Infinity: never. */
  readonly retryAfterMicros?: number;
}

/** The detail of every decision that D13 made. */
export const DEGRADED: DecisionDetail = { degraded: true, rule: "" };

/**
 * The detail of a decision.
 * @param verdict absent where there was nothing to ask the store
 */
export function detailOf(plan: RequestPlan, verdict: Verdict | undefined): DecisionDetail {
  const answered = verdict === undefined ? [] : answeredLimits(plan, verdict);
  const refusing = verdict === undefined || verdict.admitted ? [] : refusingLimits(answered);
  const refuser = refusing.reduce(longerWait, refusing[0]);
  if (refuser !== undefined) return { ...tell(refuser), retryAfterMicros: waitMicros(refuser) };
  const fitting = answered.filter(({ outcome }) => outcome.fits);
  // Limits in shadow are all there is where none fits and nothing refuses.
  const candidates = fitting.length > 0 ? fitting : answered;
  const least = candidates.reduce(lessLeft, candidates[0]);
  return least === undefined ? { degraded: false, rule: firstRule(plan) } : tell(least);
}

/** A rule by the name that it has in its files, whatever values are met: what clients send tells nobody anything new. */
export function ruleLabel({ rule, label }: DescriptorPlan): string {
  return rule?.label ?? label;
}

function tell({ descriptor, planned, outcome }: AnsweredLimit): DecisionDetail {
  const { tokens, untilFullMicros } = outcome;
  const told = { limit: planned.limit, remaining: Math.max(0, tokens), untilFullMicros };
  return { degraded: false, rule: ruleLabel(descriptor), told };
}

function longerWait(best: AnsweredLimit | undefined, next: AnsweredLimit): AnsweredLimit {
  return best === undefined || waitMicros(next) > waitMicros(best) ? next : best;
}

function lessLeft(best: AnsweredLimit | undefined, next: AnsweredLimit): AnsweredLimit {
  return best === undefined || next.outcome.tokens < best.outcome.tokens ? next : best;
}

function firstRule(plan: RequestPlan): string {
  const met = plan.descriptors.find(({ label }) => label !== "");
  return met === undefined ? "" : ruleLabel(met);
}
