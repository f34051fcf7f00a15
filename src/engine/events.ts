import type { Unit } from "../rules/unit.js";
import type { StoreFailureKind } from "../stores/store.js";
import type { Code } from "./decision.js";
import type { EngineCaller } from "./request.js";

/**
 * What became of one descriptor of a request, as metrics count it.
 * - ok, over_limit: an enforced or quota limit let it through, or refused it.
 * - never_fits: refused, and no refill will ever let so many hits through (D14).
 * - shadow_over_limit: a shadow limit that would have refused it.
 * - unlimited: the rule says so. no_rule: nothing to limit (D10). replaced: another limit took its place.
 * - unknown_domain: no rules for its domain (D10).
 * - failed_open, failed_closed, local, failed: the store failed and `allow`, `deny`, `local` or `error` decided (D13).
 * - no_rules: no rules have come yet, so that nobody knows what is limited.
 * - cancelled: the caller went away before the store was asked, and nothing was charged.
 */
export type DescriptorOutcome =
  | "ok"
  | "over_limit"
  | "never_fits"
  | "shadow_over_limit"
  | "unlimited"
  | "no_rule"
  | "replaced"
  | "unknown_domain"
  | "failed_open"
  | "failed_closed"
  | "local"
  | "failed"
  | "no_rules"
  | "cancelled";

/** What became of a whole request. */
export type RequestOutcome = "ok" | "over_limit" | "invalid" | "failed" | "cancelled";

/** A limit that some hits did not fit. */
export interface UnmetLimit {
  readonly requestsPerUnit: number;
  readonly unit: Unit;
  /** Present when it is not 1. */
  readonly unitMultiplier?: number;
  /** Present when the limit has one. */
  readonly name?: string;
  readonly burst: number;
  readonly hits: number;
  /** Whole tokens left; below 0 in debt. */
  readonly tokens: number;
  /** The bucket's identity, with digests for values where these are hashed. */
  readonly bucket: string;
}

/** A descriptor that was refused, or would have been if anything were enforced. */
export interface OverLimit {
  readonly domain: string;
  readonly rule: string;
  readonly outcome: DescriptorOutcome;
  /** What the whole request was answered. */
  readonly overall: Code;
  /** Those of its limits that refused; asked for only by who writes them down. */
  readonly limits: () => readonly UnmetLimit[];
  readonly caller: EngineCaller | undefined;
}

/**
 * What happens in the engine, told to whoever observes it. The methods must be cheap and must not throw.
 * `src/observe` fits this shape without importing it; app.ts puts them together.
 */
export interface EngineEvents {
  /**
   * One descriptor was answered. `domain` is empty unless rules know it, `rule` is a rule's label or empty.
   * @param admittedHits of its hits those that were let through
   * @param refusedHits those that its own limits refused; hits refused for another descriptor's sake are in neither
   */
  descriptorDecided(
    domain: string,
    rule: string,
    outcome: DescriptorOutcome,
    admittedHits: number,
    refusedHits: number,
  ): void;
  /** A request asked for tokens of a bucket, known by its identity. */
  bucketAsked(key: string): void;
  /** A bucket was decided over, and so much of its burst is left: 0 (or in debt) to 1. */
  bucketDecided(shareLeft: number): void;
  /** A descriptor was over its limit, as `descriptorDecided` has counted. */
  descriptorOverLimit(over: OverLimit): void;
  /** A request was answered, so long after it came. */
  requestDecided(outcome: RequestOutcome, seconds: number): void;
  /** The store answered or failed. */
  storeAnswered(
    store: string,
    status: "ok" | StoreFailureKind,
    seconds: number,
    caller: EngineCaller | undefined,
  ): void;
  /** The store failed with these words, and not because the caller went away; what then decided is counted by `descriptorDecided`. */
  storeFailed(store: string, message: string): void;
  /** A `descriptor.limit` without a usable unit or multiplier was ignored (D9). */
  overrideIgnored(domain: string): void;
}
