import type { Entry } from "../rules/rule.js";
import type { Unit } from "../rules/unit.js";
import type { Caller } from "../stores/store.js";

/** `descriptor.limit`: a rate that the proxy sends along, in place of the rule's (D9). */
export interface Override {
  readonly requestsPerUnit: number;
  /** Absent where Envoy sent UNKNOWN or a unit that this version does not know: then the override is ignored. */
  readonly unit?: Unit;
  /** Absent: 1. 0 is not valid: then the override is ignored. */
  readonly unitMultiplier?: number;
}

export interface Descriptor {
  readonly entries: readonly Entry[];
  readonly limit?: Override;
  /** The descriptor's own hits, where present (D1). Whole, at most 2^53 - 1. */
  readonly hitsAddend?: number;
  /** Give the hits back (D8). */
  readonly isNegativeHits: boolean;
}

/** A decoded RateLimitRequest. */
export interface RateLimitRequest {
  readonly domain: string;
  readonly descriptors: readonly Descriptor[];
  /** Hits of descriptors without their own; 0 means 1 (D1). */
  readonly hitsAddend: number;
}

/** Who asked. It lives as the call does: what it says may change while a decision is made. */
export interface EngineCaller extends Caller {
  /** How long the caller will wait from now on, milliseconds; Infinity when it did not say. */
  readonly remainingMillis: number;
  /**
   * The first value of a field that came with the call, such as `x-request-id`, its name in lower case; undefined where
   * there is none. Absent: the caller cannot send any.
   */
  metadataValue?(name: string): string | undefined;
}
