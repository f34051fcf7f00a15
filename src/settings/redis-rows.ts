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
    description: "How Redis is deployed: one server, a master monitored by Sentinels, or a Redis Cluster.",
    ...oneOf("single", "sentinel", "cluster"),
  },
  redisUrl: {
    name: "redis-url",
    default: "redis://127.0.0.1:6379",
    description: "The Redis server when the store is redis; or the Sentinels, or some nodes of the Cluster.",
    ...redisUrl,
    secret: true,
  },
  redisKeyPrefix: {
    name: "redis-key-prefix",
    default: "weir:",
    description: "The prefix of all keys in Redis. Replicas with the same prefix share their buckets.",
    // Braces would move all keys into one slot of a Redis Cluster.
    schema: z.string().regex(/^[^{}]*$/),
    mayBe: "text without { and }, or empty",
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
    description: "A file with the user's password, instead of one in the URL; read again when it changes.",
    ...optionalFile,
  },
  redisSentinelMaster: {
    name: "redis-sentinel-master",
    default: "",
    description: "The master's name in the Sentinels' configuration.",
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
    description: "A file with the password for the Sentinels; read again when it changes.",
    ...optionalFile,
  },
  redisSentinelPassword: {
    name: "redis-sentinel-password",
    default: "",
    description:
      "The password for the Sentinels itself. It can be seen in this process' environment or arguments: prefer a file.",
    ...optionalText("a password"),
    secret: true,
  },
  redisTlsCa: {
    name: "redis-tls-ca",
    default: "",
    description:
      "CA bundle (PEM) that verifies Redis' certificates; if unset, Node's built-in CAs. Read for each connection.",
    ...optionalFile,
  },
  redisTlsCert: {
    name: "redis-tls-cert",
    default: "",
    description: "Client certificate (PEM) presented to Redis; read for each connection.",
    ...optionalFile,
  },
  redisTlsKey: {
    name: "redis-tls-key",
    default: "",
    description: "The private key of that certificate.",
    ...optionalFile,
  },
  redisTlsServerName: {
    name: "redis-tls-server-name",
    default: "",
    description: "The name that Redis' certificates must have; if unset, the host's.",
    ...optionalText("the name of a host"),
  },
  redisTlsVerifyName: {
    name: "redis-tls-verify-name",
    default: "true",
    description: "Whether to verify that name; false: any name is accepted, if a trusted CA signed the certificate.",
    ...yesOrNo,
  },
  redisConnectTimeoutMillis: {
    name: "redis-connect-timeout",
    default: "5s",
    description: "How long connecting to Redis may take. Decisions never wait for a connection.",
    ...duration("100ms", "1m"),
  },
  redisClusterTags: {
    name: "redis-cluster-tags",
    default: "16",
    description:
      "In a Cluster, how many hash tags keys are spread over; each has its own queue. Must be the same on all replicas.",
    ...wholeNumber(1, 1_024),
  },
  redisMaxQueued: {
    name: "redis-max-queued",
    default: "10000",
    description: "How many decisions may wait to be sent to Redis (in a Cluster: per hash tag); more fail at once.",
    ...wholeNumber(1, 1_000_000),
  },
};
