import type { Decision } from "./decision.js";
import type { DescriptorPlan, RequestPlan } from "./plan.js";
import { OK_STATUS, OVER_LIMIT_STATUS } from "./statuses.js";

/** What decides when the store fails or is late (D13). */
export type OnStoreFailure = "error" | "allow" | "deny";

/** The answer without a store: codes only (D7). Shadow rules do not refuse here either (D6). */
export function decideWithoutStore(plan: RequestPlan, rule: "allow" | "deny", globalShadow: boolean): Decision {
  const statuses = plan.descriptors.map((descriptor) =>
    rule === "deny" && mayRefuse(descriptor) ? OVER_LIMIT_STATUS : OK_STATUS,
  );
  const refused = !globalShadow && statuses.includes(OVER_LIMIT_STATUS);
  return { overallCode: refused ? "OVER_LIMIT" : "OK", statuses };
}

function mayRefuse({ limits }: DescriptorPlan): boolean {
  return limits.some(
    ({ charge }) => charge.action !== "refund" && (charge.role === "enforced" || charge.role === "quota"),
  );
}
