import type { CurrentLimit, Decision, DescriptorStatus } from "../../engine/decision.js";
import type { JsonObject } from "../../rules/rule.js";
import { unitName } from "../codec/unit-names.js";

/**
 * The decision as a RateLimitResponse in proto3 JSON: camelCase names, enums by name, a Duration as `3s`, and like Go's
 * protojson without what has its default value.
 */
export function responseToJson(decision: Decision): JsonObject {
  const { overallCode, statuses, dynamicMetadata, denyResponse, responseHeaders = [] } = decision;
  const headers = [...(denyResponse?.headers ?? []), ...responseHeaders];
  const body = denyResponse?.body;
  return {
    overallCode,
    ...(statuses.length === 0 ? {} : { statuses: statuses.map(statusToJson) }),
    ...(headers.length === 0 ? {} : { responseHeadersToAdd: headers.map(({ key, value }) => ({ key, value })) }),
    ...(body ? { rawBody: Buffer.from(body).toString("base64") } : {}),
    ...(dynamicMetadata === undefined ? {} : { dynamicMetadata }),
  };
}

function statusToJson(status: DescriptorStatus): JsonObject {
  const { code, currentLimit, limitRemaining, durationUntilResetSeconds: seconds } = status;
  return {
    code,
    ...(currentLimit === undefined ? {} : { currentLimit: currentLimitToJson(currentLimit) }),
    ...(limitRemaining ? { limitRemaining } : {}),
    ...(seconds === undefined ? {} : { durationUntilReset: `${seconds}s` }),
  };
}

function currentLimitToJson(limit: CurrentLimit): JsonObject {
  const { requestsPerUnit, unit, unitMultiplier, name } = limit;
  return {
    ...(requestsPerUnit === 0 ? {} : { requestsPerUnit }),
    unit: unitName(unit),
    ...(name ? { name } : {}),
    ...(unitMultiplier === undefined ? {} : { unitMultiplier }),
  };
}
