import { neverFits } from "../limits/hits.js";
import type { RateLimit } from "../rules/rule.js";
import type { Outcome, Verdict } from "../stores/store.js";
import type { Code, CurrentLimit, DescriptorStatus } from "./decision.js";
import type { DescriptorOutcome } from "./events.js";
import type { DescriptorPlan, PlannedLimit } from "./plan.js";

const MAX_UINT32 = 2 ** 32 - 1;

/** OK and nothing else: no rule, replaced, or not asked (D7). */
export const OK_STATUS: DescriptorStatus = { code: "OK" };
/** D7: OK and as much left as the field can say. */
const UNLIMITED_STATUS: DescriptorStatus = { code: "OK", limitRemaining: MAX_UINT32 };
/** A refusal of which nothing more is known (D13). */
export const OVER_LIMIT_STATUS: DescriptorStatus = { code: "OVER_LIMIT" };

/** The status of a descriptor, and what metrics count it as. */
export interface AnsweredDescriptor {
  readonly status: DescriptorStatus;
  readonly outcome: DescriptorOutcome;
}

/** D7 for a descriptor: of several limits the one that tells most. */
export function answerDescriptor(plan: DescriptorPlan, verdict: Verdict | undefined): AnsweredDescriptor {
  if (plan.kind === "unlimited") return { status: UNLIMITED_STATUS, outcome: "unlimited" };
  if (plan.kind !== "limited" || verdict === undefined) {
    return { status: OK_STATUS, outcome: plan.kind === "replaced" ? "replaced" : "no_rule" };
  }
  const answers = plan.limits.map((planned) => answerLimit(planned, verdict.outcomes[planned.chargeIndex] as Outcome));
  const told = answers.reduce((best, next) => (tellsMore(next, best) ? next : best));
  return { status: told.status, outcome: worst(answers.map((answer) => answer.outcome)) };
}

interface AnsweredLimit extends AnsweredDescriptor {
  readonly status: Required<Omit<DescriptorStatus, "currentLimit">> & { readonly currentLimit: CurrentLimit };
}

function answerLimit({ limit, charge }: PlannedLimit, outcome: Outcome): AnsweredLimit {
  const shadow = charge.role === "shadow" || charge.role === "shadow_quota";
  const code: Code = outcome.fits || shadow ? "OK" : "OVER_LIMIT";
  return {
    status: {
      code,
      currentLimit: currentLimitOf(limit),
      limitRemaining: Math.min(Math.max(outcome.tokens, 0), MAX_UINT32),
      durationUntilResetSeconds: resetSeconds(code, outcome, limit),
    },
    outcome: outcomeOf(shadow, charge.hits, outcome, limit),
  };
}

/** What statuses tell of a limit is the same each time: one object a limit, whose bytes the codec keeps. */
const currentLimits = new WeakMap<RateLimit, CurrentLimit>();

function currentLimitOf(limit: RateLimit): CurrentLimit {
  const known = currentLimits.get(limit);
  if (known !== undefined) return known;
  const { requestsPerUnit, unit, unitMultiplier, name } = limit;
  const currentLimit = {
    requestsPerUnit,
    unit,
    ...(unitMultiplier === 1 ? {} : { unitMultiplier }),
    ...(name === "" ? {} : { name }),
  };
  currentLimits.set(limit, currentLimit);
  return currentLimit;
}

/** D7: until full when OK, until the hits would fit when not; the period when never; up to a whole second. */
function resetSeconds(code: Code, outcome: Outcome, limit: RateLimit): number {
  const micros = code === "OK" ? outcome.untilFullMicros : outcome.untilFitsMicros;
  const seconds = Math.ceil((Number.isFinite(micros) ? micros : limit.bucket.periodMicros) / 1_000_000);
  return code === "OK" ? seconds : Math.max(1, seconds);
}

function outcomeOf(shadow: boolean, hits: number, outcome: Outcome, limit: RateLimit): DescriptorOutcome {
  if (outcome.fits) return "ok";
  if (shadow) return "shadow_over_limit";
  return !outcome.settled && neverFits(hits, limit.bucket) ? "never_fits" : "over_limit";
}

/** D7: the refusing limit with the latest reset, else the smallest remaining; the earlier one in the file on a tie. */
function tellsMore(next: AnsweredLimit, best: AnsweredLimit): boolean {
  if (next.status.code !== best.status.code) return next.status.code === "OVER_LIMIT";
  if (next.status.code === "OVER_LIMIT") {
    return next.status.durationUntilResetSeconds > best.status.durationUntilResetSeconds;
  }
  return next.status.limitRemaining < best.status.limitRemaining;
}

const WORST_FIRST: readonly DescriptorOutcome[] = ["never_fits", "over_limit", "shadow_over_limit"];

function worst(outcomes: readonly DescriptorOutcome[]): DescriptorOutcome {
  return WORST_FIRST.find((outcome) => outcomes.includes(outcome)) ?? "ok";
}
