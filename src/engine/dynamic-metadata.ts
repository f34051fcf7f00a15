import type { JsonObject, JsonValue } from "../rules/rule.js";
import type { DescriptorPlan } from "./plan.js";
import type { Descriptor, Override, RateLimitRequest } from "./request.js";
import type { AnsweredDescriptor } from "./statuses.js";

/**
 * `{"metadata": …}` of the limits that passed, merged in order: the first to set a value wins, maps merge deep.
 * Undefined when no limit that passed carries any.
 */
export function passedMetadata(
  plans: readonly DescriptorPlan[],
  answers: readonly AnsweredDescriptor[],
): JsonObject | undefined {
  let merged: JsonObject | undefined;
  plans.forEach((plan, index) => {
    const metadata = plan.rule?.metadata;
    if (metadata === undefined || plan.kind !== "limited" || answers[index]?.status.code !== "OK") return;
    merged = merged === undefined ? metadata : merge(merged, metadata);
  });
  return merged === undefined ? undefined : { metadata: merged };
}

/** What envoyproxy/ratelimit's RESPONSE_DYNAMIC_METADATA adds: domain, descriptors and hitsAddend of the request. */
export function requestMetadata(request: RateLimitRequest): JsonObject {
  return {
    domain: request.domain,
    descriptors: request.descriptors.map(describeDescriptor),
    ...(request.hitsAddend === 0 ? {} : { hitsAddend: request.hitsAddend }),
  };
}

function merge(first: JsonObject, second: JsonObject): JsonObject {
  const merged = new Map<string, JsonValue>(Object.entries(first));
  for (const [key, value] of Object.entries(second)) {
    const existing = merged.get(key);
    if (existing === undefined) merged.set(key, value);
    else if (isMap(existing) && isMap(value)) merged.set(key, merge(existing, value));
  }
  // fromEntries defines own properties, so that a key such as __proto__ stays a key.
  return Object.fromEntries(merged);
}

function isMap(value: JsonValue): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function describeDescriptor({ entries, limit, hitsAddend }: Descriptor): JsonObject {
  return {
    entries: entries.map(({ key, value }) => `${key}=${value}`),
    ...(limit === undefined ? {} : { limit: describeOverride(limit) }),
    ...(hitsAddend === undefined ? {} : { hitsAddend }),
  };
}

/** The text form of protocol buffers, as ER prints it. */
function describeOverride({ requestsPerUnit, unit, unitMultiplier }: Override): string {
  const fields = [`requests_per_unit:${requestsPerUnit}`];
  if (unit !== undefined) fields.push(`unit:${unit.toUpperCase()}`);
  if (unitMultiplier !== undefined) fields.push(`unit_multiplier:{value:${unitMultiplier}}`);
  return fields.join(" ");
}
