import { z } from "zod";
import { duration, oneOf, optionalFile, optionalText, redisUrl, type Setting, wholeNumber, yesOrNo } from "./kinds.js";

/** How Redis is reached. Texts and files that are empty are not given. */
export interface RedisSettings {
  readonly redisTopology: "single" | "sentinel" | "cluster";
  /** `redis://`, `rediss://` or `unix:///path`, perhaps with several hosts. May hold a password: never print it. */
  readonly redisUrl: string;
  readonly redisKeyPrefix: string;
  readonly redisUser: string;
  readonly redisPasswordFile: string;
  readonly redisSentinelMaster: string;
  readonly redisSentinelUser: string;
  readonly redisSentinelPasswordFile: string;
  /** In place of that file. Never print it. */
  readonly redisSentinelPassword: string;
  readonly redisTlsCa: string;
  readonly redisTlsCert: string;
  readonly redisTlsKey: string;
  readonly redisTlsServerName: string;
  readonly redisTlsVerifyName: boolean;
  readonly redisConnectTimeoutMillis: number;
  readonly redisClusterTags: number;
  readonly redisMaxQueued: number;
}

/** The rows of the table that are about Redis. */
export const REDIS_ROWS: { readonly [Key in keyof RedisSettings]: Setting<RedisSettings[Key]> } = {
  redisTopology: {
    name: "redis-topology",
    default: "single",
    description: "How Redis is run: one server, a master that Sentinels watch, or a Redis Cluster.",
    ...oneOf("single", "sentinel", "cluster"),
  },
  redisUrl: {
    name: "redis-url",
    default: "redis://127.0.0.1:6379",
    description: "The Redis server, when the store is redis; or the Sentinels, or some nodes of the Cluster.",
    ...redisUrl,
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
  redisUser: {
    name: "redis-user",
    default: "",
    description: "The ACL user on the Redis servers, if the URL names none.",
    ...optionalText("the name of a user"),
  },
  redisPasswordFile: {
    name: "redis-password-file",
    default: "",
    description: "A file that holds the user's password, in place of one in the URL. Read again when it changes.",
    ...optionalFile,
  },
  redisSentinelMaster: {
    name: "redis-sentinel-master",
    default: "",
    description: "The name by which the Sentinels know the master.",
    ...optionalText("the name of a master"),
  },
  redisSentinelUser: {
    name: "redis-sentinel-user",
    default: "",
    description: "The ACL user on the Sentinels.",
    ...optionalText("the name of a user"),
  },
  redisSentinelPasswordFile: {
    name: "redis-sentinel-password-file",
    default: "",
    description: "A file that holds the password for the Sentinels. Read again when it changes.",
    ...optionalFile,
  },
  redisSentinelPassword: {
    name: "redis-sentinel-password",
    default: "",
    description: "That password itself. Others who look at this process may see it: a file is better.",
    ...optionalText("a password"),
    secret: true,
  },
  redisTlsCa: {
    name: "redis-tls-ca",
    default: "",
    description: "Authorities that certificates of Redis must come from, in place of Node's. Read for each connection.",
    ...optionalFile,
  },
  redisTlsCert: {
    name: "redis-tls-cert",
    default: "",
    description: "A certificate to show to Redis. Read for each connection.",
    ...optionalFile,
  },
  redisTlsKey: {
    name: "redis-tls-key",
    default: "",
    description: "The key of that certificate.",
    ...optionalFile,
  },
  redisTlsServerName: {
    name: "redis-tls-server-name",
    default: "",
    description: "The name that certificates of Redis must carry, if that is not the host's.",
    ...optionalText("the name of a host"),
  },
  redisTlsVerifyName: {
    name: "redis-tls-verify-name",
    default: "true",
    description: "Whether certificates of Redis must carry that name; false: any name, from an authority as above.",
    ...yesOrNo,
  },
  redisConnectTimeoutMillis: {
    name: "redis-connect-timeout",
    default: "5s",
    description: "How long making a connection to Redis may take. Decisions never wait for one.",
    ...duration("100ms", "1m"),
  },
  redisClusterTags: {
    name: "redis-cluster-tags",
    default: "16",
    description: "In a Cluster, how many groups keys are put into: each has its queue. Replicas must have the same.",
    ...wholeNumber(1, 1_024),
  },
  redisMaxQueued: {
    name: "redis-max-queued",
    default: "10000",
    description:
      "Decisions that may wait to be sent to Redis (to each group of a Cluster); over it, they fail at once.",
    ...wholeNumber(1, 1_000_000),
  },
};
