import type { Descriptor, Override, RateLimitRequest } from "../../engine/request.js";
import type { DescriptorMessage, EntryMessage, OverrideMessage, RateLimitRequestMessage } from "./messages.js";
import { unitFromName } from "./unit-names.js";

/**
 * The request as the engine takes it. Whether it makes sense is for the engine to say (D10).
 * Hits keep every digit up to 2^53 - 1 and are clamped there (D1); `hits_addend` 0 stays apart from none.
 */
export function requestFromMessage(message: RateLimitRequestMessage): RateLimitRequest {
  return {
    domain: message.domain ?? "",
    descriptors: (message.descriptors ?? []).map(descriptorFromMessage),
    hitsAddend: message.hits_addend ?? 0,
  };
}

function descriptorFromMessage(message: DescriptorMessage): Descriptor {
  const { limit, hits_addend: hits } = message;
  return {
    entries: (message.entries ?? []).map(entryFromMessage),
    ...(limit == null ? {} : { limit: overrideFromMessage(limit) }),
    ...(hits == null ? {} : { hitsAddend: clampHits(hits.value ?? "0") }),
    isNegativeHits: message.is_negative_hits ?? false,
  };
}

function entryFromMessage(message: EntryMessage): { key: string; value: string } {
  return { key: message.key ?? "", value: message.value ?? "" };
}

function overrideFromMessage(message: OverrideMessage): Override {
  const { unit_multiplier: multiplier } = message;
  const unit = unitFromName(message.unit);
  return {
    requestsPerUnit: message.requests_per_unit ?? 0,
    ...(unit === undefined ? {} : { unit }),
    ...(multiplier == null ? {} : { unitMultiplier: multiplier.value ?? 0 }),
  };
}

/** Rounding cannot hide a number above the clamp: what is above it stays at or above it as a double. */
function clampHits(decimal: string): number {
  return Math.min(Number(decimal), Number.MAX_SAFE_INTEGER);
}
