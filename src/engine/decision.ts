import type { DenyResponse, JsonObject } from "../rules/rule.js";
import type { Unit } from "../rules/unit.js";
import type { DecisionDetail } from "./decision-detail.js";
import type { HeaderField } from "./header-field.js";

export type Code = "OK" | "OVER_LIMIT";

/** The limit that a status tells about. */
export interface CurrentLimit {
  readonly requestsPerUnit: number;
  readonly unit: Unit;
  /** Present when it is not 1. */
  readonly unitMultiplier?: number;
  /** Present when the limit has one. */
  readonly name?: string;
}

/** The answer to one descriptor (D7). */
export interface DescriptorStatus {
  readonly code: Code;
  readonly currentLimit?: CurrentLimit;
  /** 0 to 2^32 - 1. */
  readonly limitRemaining?: number;
  /** Whole seconds. */
  readonly durationUntilResetSeconds?: number;
}

/** The answer to a request. */
export interface Decision {
  readonly overallCode: Code;
  /** One to one with the request's descriptors. */
  readonly statuses: readonly DescriptorStatus[];
  readonly dynamicMetadata?: JsonObject;
  /** What the client is told of a refusal, where a rule says so. */
  readonly denyResponse?: DenyResponse;
  /** What the client is told of its limits, whatever the code; present where settings say so and there is something. */
  readonly responseHeaders?: readonly HeaderField[];
  /** Present where it is asked for. */
  readonly detail?: DecisionDetail;
}
