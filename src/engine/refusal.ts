import type { Outcome, Role, Verdict } from "../stores/store.js";
import type { DescriptorPlan, PlannedLimit, RequestPlan } from "./plan.js";

/** A limit of a request, and what became of its charge. */
export interface AnsweredLimit {
  readonly descriptor: DescriptorPlan;
  readonly planned: PlannedLimit;
  readonly outcome: Outcome;
}

/** All limits of a request with their outcomes, in order. */
export function answeredLimits(plan: RequestPlan, verdict: Verdict): AnsweredLimit[] {
  return plan.descriptors.flatMap((descriptor) =>
    descriptor.limits.map((planned) => {
      return { descriptor, planned, outcome: verdict.outcomes[planned.chargeIndex] as Outcome };
    }),
  );
}

/** Whether limits in this role can refuse a request (D6). */
export function mayRefuse(role: Role): boolean {
  return role === "enforced" || role === "quota";
}

/**
 * Those limits of a refused request for which it has to wait (D4): all enforced ones that do not fit, and where no quota
 * fits the one that fits first, since that is enough.
 */
export function refusingLimits(answered: readonly AnsweredLimit[]): AnsweredLimit[] {
  const refusing = answered.filter(({ planned, outcome }) => planned.charge.role === "enforced" && !outcome.fits);
  const quotas = answered.filter(({ planned }) => isQuota(planned.charge));
  const [first, ...others] = quotas;
  if (first === undefined || quotas.some(isPassingQuota)) return refusing;
  const soonest = others.reduce((best, next) => (waitMicros(next) < waitMicros(best) ? next : best), first);
  return [...refusing, soonest];
}

/** Microseconds until the hits of a limit would fit. Infinity: never. */
export function waitMicros({ outcome }: AnsweredLimit): number {
  return outcome.untilFitsMicros;
}

function isQuota({ role, action }: PlannedLimit["charge"]): boolean {
  return (role === "quota" || role === "shadow_quota") && action !== "refund";
}

function isPassingQuota({ planned, outcome }: AnsweredLimit): boolean {
  return outcome.fits || planned.charge.role === "shadow_quota";
}
