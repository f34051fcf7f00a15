import type { JsonObject } from "../rule.js";

/** A `ratelimit.config.ratelimit.v3.RateLimitConfig` as it came. Fields that were not sent have proto3's defaults. */
export interface RateLimitConfig {
  readonly name: string;
  readonly domain: string;
  readonly descriptors: readonly ConfigDescriptor[];
}

export interface ConfigDescriptor {
  readonly key: string;
  readonly value: string;
  readonly rateLimit: ConfigLimit | undefined;
  readonly descriptors: readonly ConfigDescriptor[];
  readonly shadowMode: boolean;
  readonly detailedMetric: boolean;
  readonly quotaMode: boolean;
  readonly metadata: JsonObject | undefined;
}

/** `RateLimitPolicy`. */
export interface ConfigLimit {
  /** The number of the enum, whatever it is. */
  readonly unit: number;
  readonly requestsPerUnit: number;
  readonly unlimited: boolean;
  readonly name: string;
  /** The names of its `replaces`. */
  readonly replaces: readonly string[];
}
