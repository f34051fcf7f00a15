import type { DenyResponse } from "../rules/rule.js";
import type { DescriptorPlan } from "./plan.js";
import type { AnsweredDescriptor } from "./statuses.js";

/** What a refused request is told: the `deny_response` of the first descriptor that was refused and has one. */
export function denyResponseOf(
  plans: readonly DescriptorPlan[],
  answers: readonly AnsweredDescriptor[],
): DenyResponse | undefined {
  const refused = plans.find(
    ({ rule }, index) => rule?.denyResponse !== undefined && answers[index]?.status.code === "OVER_LIMIT",
  );
  return refused?.rule?.denyResponse;
}
