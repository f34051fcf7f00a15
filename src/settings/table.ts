import { z } from "zod";
import type { Algorithm } from "../limits/limit.js";
import { ALGORITHMS } from "../rules/algorithm.js";
import { ADMIN_ROWS, type AdminSettings } from "./admin-rows.js";
import { HEADER_ROWS, type HeaderRowSettings } from "./header-rows.js";
import { duration, oneOf, optionalFile, type Setting, share, wholeNumber, yesOrNo } from "./kinds.js";
import { LISTENER_ROWS, type ListenerSettings } from "./listener-rows.js";
import { OBSERVE_ROWS, type ObserveSettings } from "./observe-rows.js";
import type { GivenByRatelimit } from "./ratelimit/given-by-ratelimit.js";
import { REDIS_ROWS, type RedisSettings } from "./redis-rows.js";
import { XDS_DEFAULT_ROWS, type XdsDefaultSettings } from "./xds-default-rows.js";
import { XDS_ROWS, type XdsSettings } from "./xds-rows.js";

export type { Setting } from "./kinds.js";

/** All that can be set from outside, checked and typed. */
export interface Settings extends SettingTable {
  /** Present where names of envoyproxy/ratelimit were in the environment. */
  readonly givenByRatelimit?: GivenByRatelimit;
}

/** Those that have a row each. */
export interface SettingTable
  extends RedisSettings,
    ObserveSettings,
    HeaderRowSettings,
    ListenerSettings,
    AdminSettings,
    XdsSettings,
    XdsDefaultSettings {
  /** A file or a folder. */
  readonly rules: string;
  /** How often to look for changed rules; 0: not at all. */
  readonly rulesPollMillis: number;
  /** How limits count whose file does not say. */
  readonly defaultAlgorithm: Algorithm;
  readonly store: "memory" | "redis";
  /** Values are in no bucket's identity as they were sent (D12); needs the secret. */
  readonly hashKeys: boolean;
  /** A file; empty: no secret. */
  readonly hashKeysSecretFile: string;
  /** The most refusals of Redis that are answered again without asking it; 0: none. */
  readonly denyCacheSize: number;
  /** What D13 says when the store fails. */
  readonly onStoreFailure: "error" | "allow" | "deny" | "local";
  /** Under `local`, what this process takes on itself of every limit: above 0, up to 1. */
  readonly localShare: number;
  readonly storeTimeoutMillis: number;
  /** How long a pending charge is kept (D5). */
  readonly pendingLapseMillis: number;
  readonly globalShadow: boolean;
  readonly globalQuota: boolean;
  readonly responseDynamicMetadata: boolean;
  readonly memoryMaxBuckets: number;
  /** Whether traffic may come before the store was reached. */
  readonly readyWithoutStore: boolean;
  /** Between "not ready" and the end of listening, so that proxies look elsewhere first. */
  readonly shutdownDelayMillis: number;
  /** How long calls in flight may take to finish after that. */
  readonly shutdownTimeoutMillis: number;
}

export type SettingKey = keyof SettingTable;

/** A JavaScript Map holds 2^24 entries and no more. */
const MOST_BUCKETS = 16_000_000;

/** Every setting there is. */
export const SETTINGS: { readonly [Key in keyof SettingTable]: Setting<SettingTable[Key]> } = {
  rules: {
    name: "rules",
    default: "config/rules",
    description: "The rules: a file, or a folder of *.yaml and *.yml files at any depth.",
    schema: z.string().min(1),
    mayBe: "the path of a file or a folder",
  },
  ...XDS_ROWS,
  ...XDS_DEFAULT_ROWS,
  rulesPollMillis: {
    name: "rules-poll",
    default: "1s",
    description: "How often to check for changed rules, in addition to file system events; 0s: never.",
    ...duration("0s", "1h"),
  },
  defaultAlgorithm: {
    name: "default-algorithm",
    default: "token_bucket",
    description: "Algorithm of limits that name none. fixed_window keeps envoyproxy/ratelimit's behaviour.",
    ...oneOf(...ALGORITHMS),
  },
  store: {
    name: "store",
    default: "memory",
    description: "Where buckets are kept: in this process, or in Redis, shared by all replicas.",
    ...oneOf("memory", "redis"),
  },
  ...REDIS_ROWS,
  hashKeys: {
    name: "hash-keys",
    default: "false",
    description: "Keep descriptor values out of keys, logs and metrics: each is replaced by its HMAC-SHA256.",
    ...yesOrNo,
  },
  hashKeysSecretFile: {
    name: "hash-keys-secret-file",
    default: "",
    description:
      "A file with the secret for hash-keys, at least 16 bytes, read once at start. Replicas that count together need the same.",
    ...optionalFile,
  },
  denyCacheSize: {
    name: "deny-cache-size",
    default: "10000",
    description:
      "How many refusals by Redis to remember, each for a second at most, and repeat without asking it; 0: none.",
    ...wholeNumber(0, 1_000_000),
  },
  ...LISTENER_ROWS,
  ...ADMIN_ROWS,
  onStoreFailure: {
    name: "on-store-failure",
    default: "error",
    description:
      "What decides when the store fails or is late: Envoy (error), a fixed answer (allow, deny), or this process' own buckets (local).",
    ...oneOf("error", "allow", "deny", "local"),
  },
  localShare: {
    name: "local-share",
    default: "1",
    description:
      "With on-store-failure local, the share of every limit that this process hands out, such as 0.25 with four replicas.",
    ...share,
  },
  storeTimeoutMillis: {
    name: "store-timeout",
    default: "10ms",
    description: "How long the store may take to decide. Envoy itself waits 20ms by default.",
    ...duration("1ms", "1m"),
  },
  pendingLapseMillis: {
    name: "pending-lapse",
    default: "15m",
    description: "How long after an admitted peek its cost may still be reported and put the bucket into debt.",
    ...duration("1s", "24h"),
  },
  globalShadow: {
    name: "global-shadow",
    default: "false",
    description: "Decide, charge and report as if enforced, but let every request through.",
    ...yesOrNo,
  },
  globalQuota: {
    name: "global-quota",
    default: "false",
    description: "Treat every rule as if it had quota_mode: one limit that fits is enough.",
    ...yesOrNo,
  },
  responseDynamicMetadata: {
    name: "response-dynamic-metadata",
    default: "false",
    description: "Return the request's domain, descriptors and hitsAddend as dynamic metadata.",
    ...yesOrNo,
  },
  ...HEADER_ROWS,
  memoryMaxBuckets: {
    name: "memory-max-buckets",
    default: "1000000",
    description: "How many buckets the memory store keeps at most; beyond that, the one nearest to full is dropped.",
    ...wholeNumber(1, MOST_BUCKETS),
  },
  readyWithoutStore: {
    name: "ready-without-store",
    default: "false",
    description:
      "Be ready before the store has been reached for the first time; until then calls are answered as if it had failed.",
    ...yesOrNo,
  },
  shutdownDelayMillis: {
    name: "shutdown-delay",
    default: "0s",
    description: "After SIGTERM, how long to keep serving while health checks already report that Weir is stopping.",
    ...duration("0s", "1h"),
  },
  shutdownTimeoutMillis: {
    name: "shutdown-timeout",
    default: "10s",
    description: "After shutdown-delay, how long calls in flight may take before they are cut off.",
    ...duration("0s", "1h"),
  },
  ...OBSERVE_ROWS,
};

/** The table's rows without their types, each with its key in Settings. */
export const SETTING_ROWS = Object.entries(SETTINGS) as readonly (readonly [SettingKey, Setting<unknown>])[];

export const VARIABLE_PREFIX = "WEIR_";

/** The environment variable of a setting. */
export function variableOf(setting: Setting<unknown>): string {
  return `${VARIABLE_PREFIX}${setting.name.toUpperCase().replaceAll("-", "_")}`;
}

/** The flag of a setting. */
export function flagOf(setting: Setting<unknown>): string {
  return `--${setting.name}`;
}

/** Reads all settings from their texts at once. */
export const settingsSchema = z.object(
  Object.fromEntries(SETTING_ROWS.map(([key, setting]) => [key, setting.schema])),
) as unknown as z.ZodType<SettingTable>;
