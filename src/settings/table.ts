import { z } from "zod";
import type { ListenAddress } from "../http/listen-address.js";
import { parseRedisUrl } from "../stores/redis/redis-address.js";
import { parseDuration } from "./duration.js";
import { parseListenAddress } from "./listen-address.js";

/** All that can be set from outside, checked and typed. */
export interface Settings {
  /** A file or a folder. */
  readonly rules: string;
  /** How often to look for changed rules; 0: not at all. */
  readonly rulesPollMillis: number;
  /** How limits count whose file does not say. */
  readonly defaultAlgorithm: "token_bucket" | "fixed_window" | "sliding_window";
  readonly store: "memory" | "redis";
  /** `redis://`, `rediss://` or `unix:///path`. May hold a password: never print it. */
  readonly redisUrl: string;
  readonly redisKeyPrefix: string;
  readonly grpcListen: ListenAddress;
  readonly httpListen: ListenAddress;
  /** What D13 says when the store fails. */
  readonly onStoreFailure: "error" | "allow" | "deny";
  readonly storeTimeoutMillis: number;
  /** How long a pending charge is kept (D5). */
  readonly pendingLapseMillis: number;
  readonly globalShadow: boolean;
  readonly globalQuota: boolean;
  readonly responseDynamicMetadata: boolean;
  readonly memoryMaxBuckets: number;
  /** Between "not ready" and the end of listening, so that proxies look elsewhere first. */
  readonly shutdownDelayMillis: number;
  /** How long calls in flight may take to finish after that. */
  readonly shutdownTimeoutMillis: number;
  readonly logLevel: "trace" | "debug" | "info" | "warn" | "error" | "silent";
}

/** What a setting may be: the schema reads its text, the words say the same to people ("must be ..."). */
interface Kind<T> {
  readonly schema: z.ZodType<T>;
  readonly mayBe: string;
}

/** One row of the table: flags, environment, help and messages all come from here. */
export interface Setting<T> extends Kind<T> {
  /** `grpc-listen` is the flag `--grpc-listen` and the variable `WEIR_GRPC_LISTEN`. */
  readonly name: string;
  /** As text, read like any other value. */
  readonly default: string;
  readonly description: string;
  /** Its value is shown to nobody. */
  readonly secret?: true;
}

/** A kind whose text is read by a function that answers undefined where it cannot. */
function readBy<T>(read: (text: string) => T | undefined, mayBe: string): Kind<T> {
  const schema = z.string().transform((text, context) => {
    const value = read(text);
    if (value !== undefined) return value;
    context.addIssue({ code: "custom" });
    return z.NEVER;
  });
  return { schema, mayBe };
}

function oneOf<const T extends string>(...values: readonly T[]): Kind<T> {
  const mayBe = `${values.slice(0, -1).join(", ")} or ${values.at(-1)}`;
  return { schema: z.enum(values), mayBe };
}

const yesOrNo: Kind<boolean> = {
  schema: z.enum(["true", "false"]).transform((text) => text === "true"),
  mayBe: "true or false",
};

/** What the store can read: its parser is the one that says so. */
function isRedisUrl(text: string): boolean {
  try {
    parseRedisUrl(text);
    return true;
  } catch {
    return false;
  }
}

const address = readBy(parseListenAddress, "host:port, such as 0.0.0.0:8081 or [::1]:8081 (port 0: any free one)");

function duration(shortest: string, longest: string): Kind<number> {
  const [least, most] = [parseDuration(shortest) ?? 0, parseDuration(longest) ?? 0];
  return readBy((text) => {
    const millis = parseDuration(text);
    return millis !== undefined && millis >= least && millis <= most ? millis : undefined;
  }, `a duration from ${shortest} to ${longest} (a number with its unit: ms, s, m or h)`);
}

function wholeNumber(least: number, most: number): Kind<number> {
  return readBy(
    (text) => (/^\d+$/.test(text) && Number(text) >= least && Number(text) <= most ? Number(text) : undefined),
    `a whole number from ${least} to ${most}`,
  );
}

/** A JavaScript Map holds 2^24 entries and no more. */
const MOST_BUCKETS = 16_000_000;

/** Every setting there is. */
export const SETTINGS: { readonly [Key in keyof Settings]: Setting<Settings[Key]> } = {
  rules: {
    name: "rules",
    default: "config/rules",
    description: "The rules: a file, or a folder of *.yaml and *.yml files at any depth.",
    schema: z.string().min(1),
    mayBe: "the path of a file or a folder",
  },
  rulesPollMillis: {
    name: "rules-poll",
    default: "1s",
    description: "How often to look whether rules have changed, besides being told by the file system; 0s: not at all.",
    ...duration("0s", "1h"),
  },
  defaultAlgorithm: {
    name: "default-algorithm",
    default: "token_bucket",
    description:
      "How limits count whose file does not say. With fixed_window files of envoyproxy/ratelimit count as there.",
    ...oneOf("token_bucket", "fixed_window", "sliding_window"),
  },
  store: {
    name: "store",
    default: "memory",
    description: "Where buckets live: in this process, or in Redis, shared by all replicas.",
    ...oneOf("memory", "redis"),
  },
  redisUrl: {
    name: "redis-url",
    default: "redis://127.0.0.1:6379",
    description: "The Redis server, when the store is redis.",
    schema: z.string().refine(isRedisUrl),
    mayBe: "redis://[user:password@]host[:port][/db], rediss:// for TLS, or unix:///path/to/socket",
    secret: true,
  },
  redisKeyPrefix: {
    name: "redis-key-prefix",
    default: "weir:",
    description: "What all keys in Redis start with. Replicas with the same prefix share their buckets.",
    // Braces would move all keys into one slot of a Redis Cluster.
    schema: z.string().regex(/^[^{}]*$/),
    mayBe: "text without { and }, or nothing",
  },
  grpcListen: {
    name: "grpc-listen",
    default: "0.0.0.0:8081",
    description: "Where Envoy's calls are answered.",
    ...address,
  },
  httpListen: {
    name: "http-listen",
    default: "0.0.0.0:8080",
    description: "Where /healthz, /readyz, /metrics and /json are served.",
    ...address,
  },
  onStoreFailure: {
    name: "on-store-failure",
    default: "error",
    description: "What a call gets when the store fails or is late: an error, so that Envoy decides, or this answer.",
    ...oneOf("error", "allow", "deny"),
  },
  storeTimeoutMillis: {
    name: "store-timeout",
    default: "10ms",
    description: "How long the store may take for a decision. Envoy itself waits 20ms by default.",
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
    description: "Treat every rule as if it said quota_mode: one limit that fits is enough.",
    ...yesOrNo,
  },
  responseDynamicMetadata: {
    name: "response-dynamic-metadata",
    default: "false",
    description: "Send domain, descriptors and hitsAddend back as dynamic metadata.",
    ...yesOrNo,
  },
  memoryMaxBuckets: {
    name: "memory-max-buckets",
    default: "1000000",
    description: "The most buckets the memory store keeps; beyond, the one nearest to full goes.",
    ...wholeNumber(1, MOST_BUCKETS),
  },
  shutdownDelayMillis: {
    name: "shutdown-delay",
    default: "0s",
    description: "After SIGTERM, how long to keep serving while telling health checks to look elsewhere.",
    ...duration("0s", "1h"),
  },
  shutdownTimeoutMillis: {
    name: "shutdown-timeout",
    default: "10s",
    description: "After that, how long calls in flight may take before they are cut off.",
    ...duration("0s", "1h"),
  },
  logLevel: {
    name: "log-level",
    default: "info",
    description: "The least that is logged.",
    ...oneOf("trace", "debug", "info", "warn", "error", "silent"),
  },
};

/** The table's rows without their types, each with its key in Settings. */
export const SETTING_ROWS = Object.entries(SETTINGS) as readonly (readonly [keyof Settings, Setting<unknown>])[];

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
) as unknown as z.ZodType<Settings>;
