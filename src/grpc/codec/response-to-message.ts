import type { CurrentLimit, Decision, DescriptorStatus } from "../../engine/decision.js";
import type { CurrentLimitMessage, DescriptorStatusMessage, RateLimitResponseMessage } from "./messages.js";
import { structToMessage } from "./struct-to-message.js";
import { unitName } from "./unit-names.js";

/** The decision as a RateLimitResponse, statuses one to one. */
export function responseToMessage(decision: Decision): RateLimitResponseMessage {
  const { overallCode, statuses, dynamicMetadata } = decision;
  return {
    overall_code: overallCode,
    statuses: statuses.map(statusToMessage),
    ...(dynamicMetadata === undefined ? {} : { dynamic_metadata: structToMessage(dynamicMetadata) }),
  };
}

function statusToMessage(status: DescriptorStatus): DescriptorStatusMessage {
  const { code, currentLimit, limitRemaining, durationUntilResetSeconds: seconds } = status;
  return {
    code,
    ...(currentLimit === undefined ? {} : { current_limit: currentLimitToMessage(currentLimit) }),
    ...(limitRemaining === undefined ? {} : { limit_remaining: limitRemaining }),
    ...(seconds === undefined ? {} : { duration_until_reset: { seconds } }),
  };
}

function currentLimitToMessage(limit: CurrentLimit): CurrentLimitMessage {
  const { requestsPerUnit, unit, unitMultiplier, name } = limit;
  return {
    requests_per_unit: requestsPerUnit,
    unit: unitName(unit),
    ...(name === undefined ? {} : { name }),
    ...(unitMultiplier === undefined ? {} : { unit_multiplier: { value: unitMultiplier } }),
  };
}
