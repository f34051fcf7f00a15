import type { Verdict } from "../stores/store.js";
import type { Decision } from "./decision.js";
import type { DescriptorOutcome } from "./events.js";
import type { DescriptorPlan, RequestPlan } from "./plan.js";
import { answerDescriptor, OK_STATUS, OVER_LIMIT_STATUS } from "./statuses.js";

/** What decides when the store fails or is late (D13). */
export type OnStoreFailure = "error" | "allow" | "deny" | "local";

/** What a limited descriptor is counted as then. */
export const FAILURE_OUTCOMES: Readonly<Record<OnStoreFailure, DescriptorOutcome>> = {
  error: "failed",
  allow: "failed_open",
  deny: "failed_closed",
  local: "local",
};

/** The answer without a store: codes only (D7). Shadow rules do not refuse here either (D6). */
export function decideWithoutStore(plan: RequestPlan, rule: "allow" | "deny", globalShadow: boolean): Decision {
  const statuses = plan.descriptors.map((descriptor) =>
    rule === "deny" && mayRefuse(descriptor) ? OVER_LIMIT_STATUS : OK_STATUS,
  );
  const refused = !globalShadow && statuses.includes(OVER_LIMIT_STATUS);
  return { overallCode: refused ? "OVER_LIMIT" : "OK", statuses };
}

/** The answer of this process's own buckets: decided as ever (D4, D6), told by codes only (D7). */
export function answerLocally(plan: RequestPlan, verdict: Verdict, globalShadow: boolean): Decision {
  const statuses = plan.descriptors.map((descriptor) => {
    const { code } = answerDescriptor(descriptor, verdict).status;
    return code === "OK" ? OK_STATUS : OVER_LIMIT_STATUS;
  });
  return { overallCode: verdict.admitted || globalShadow ? "OK" : "OVER_LIMIT", statuses };
}

function mayRefuse({ limits }: DescriptorPlan): boolean {
  return limits.some(
    ({ charge }) => charge.action !== "refund" && (charge.role === "enforced" || charge.role === "quota"),
  );
}
