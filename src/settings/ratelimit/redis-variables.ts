import { anyText, goBoolean, goDuration, goNumber, word } from "./go-kinds.js";
import { readGoDuration } from "./go-texts.js";
import { type Login, readAuth, readRedisAddress, redisTypeOf } from "./redis-address.js";
import { goesWith, isRefused, isWarned, makesSettings } from "./rows.js";
import type { RatelimitMapping, RatelimitPart, RatelimitValues, RatelimitVariable } from "./variable.js";

const COMMON = { isCommon: true } as const;
const CONNECT_MILLIS = { least: 100, most: 60_000 } as const;
const ONE_CONNECTION = "not used: Weir sends everything that waits over one connection per server, without delay";

function perSecond(name: string): RatelimitVariable {
  return goesWith(`REDIS_PERSECOND_${name}`, "REDIS_PERSECOND", { isSecret: true });
}

function memcache(name: string): RatelimitVariable {
  return goesWith(`MEMCACHE_${name}`, "BACKEND_TYPE", COMMON);
}

/** What is about the way to Redis is made all together or, where WEIR_REDIS_URL is set, not at all. */
function mapping(
  setting: RatelimitMapping["setting"],
  from: readonly string[],
  make: (er: RatelimitValues) => string | undefined,
): RatelimitMapping {
  return {
    setting,
    from,
    unlessSet: ["redisUrl"],
    make: (er) => (er.isGiven("REDIS_URL") && er.set("store") !== "memory" ? make(er) : undefined),
  };
}

/** Where ER keeps its counters. */
export const REDIS_VARIABLES: RatelimitPart = {
  variables: [
    isRefused("BACKEND_TYPE", word("redis", "memcache"), "redis", "memcached is not supported; use Redis"),
    makesSettings("REDIS_SOCKET_TYPE", word("tcp", "unix"), "unix"),
    makesSettings("REDIS_TYPE", word("single", "sentinel", "cluster"), "SINGLE", COMMON),
    makesSettings("REDIS_URL", anyText, "", { ...COMMON, isSecret: true }),
    makesSettings("REDIS_AUTH", anyText, "", { ...COMMON, isSecret: true }),
    makesSettings("REDIS_SENTINEL_AUTH", anyText, "", { isSecret: true }),
    makesSettings("REDIS_TLS", goBoolean, "false", COMMON),
    makesSettings("REDIS_TLS_CACERT", anyText, ""),
    makesSettings("REDIS_TLS_CLIENT_CERT", anyText, ""),
    makesSettings("REDIS_TLS_CLIENT_KEY", anyText, ""),
    makesSettings("REDIS_TLS_SKIP_HOSTNAME_VERIFICATION", goBoolean, "false"),
    makesSettings("REDIS_TIMEOUT", goDuration, "10s", COMMON),
    makesSettings("CACHE_KEY_PREFIX", anyText, "", COMMON),
    isWarned("REDIS_POOL_SIZE", goNumber, "10", ONE_CONNECTION, COMMON),
    isWarned("REDIS_POOL_ON_EMPTY_BEHAVIOR", word("wait", "create", "error"), "WAIT", ONE_CONNECTION),
    isWarned("REDIS_PIPELINE_WINDOW", goDuration, "0", ONE_CONNECTION),
    isWarned("REDIS_PIPELINE_LIMIT", goNumber, "0", ONE_CONNECTION),
    isWarned(
      "REDIS_HEALTH_CHECK_ACTIVE_CONNECTION",
      goBoolean,
      "false",
      "health checks do not fail when the connection to Redis is lost",
    ),
    isRefused(
      "REDIS_PERSECOND",
      goBoolean,
      "false",
      "Weir uses one Redis (REDIS_URL) for all limits; set it to false to accept that",
    ),
    ...["AUTH", "PIPELINE_LIMIT", "PIPELINE_WINDOW", "POOL_ON_EMPTY_BEHAVIOR", "POOL_SIZE"].map(perSecond),
    ...["SENTINEL_AUTH", "SOCKET_TYPE", "TIMEOUT", "TLS", "TYPE", "URL"].map(perSecond),
    ...["HOST_PORT", "MAX_IDLE_CONNS", "SRV", "SRV_REFRESH", "TLS", "TLS_CLIENT_CERT"].map(memcache),
    ...["TLS_CLIENT_KEY", "TLS_CACERT", "TLS_SKIP_HOSTNAME_VERIFICATION"].map(memcache),
  ],
  mappings: [
    { setting: "store", from: ["REDIS_URL", "REDIS_SOCKET_TYPE"], isAlways: true, make: storeOf },
    mapping("redisUrl", ["REDIS_URL", "REDIS_AUTH", "REDIS_TLS"], (er) => readRedisAddress(er).url),
    mapping("redisTopology", ["REDIS_TYPE"], (er) => er.text("REDIS_TYPE").toLowerCase()),
    mapping("redisSentinelMaster", ["REDIS_URL"], (er) => readRedisAddress(er).master),
    mapping("redisSentinelUser", ["REDIS_SENTINEL_AUTH", "REDIS_URL"], (er) => sentinelLogin(er)?.user),
    mapping("redisSentinelPassword", ["REDIS_SENTINEL_AUTH", "REDIS_URL"], (er) => sentinelLogin(er)?.password),
    mapping("redisTlsCa", ["REDIS_TLS_CACERT"], (er) => overTls(er, "REDIS_TLS_CACERT")),
    mapping("redisTlsCert", ["REDIS_TLS_CLIENT_CERT"], (er) => overTls(er, "REDIS_TLS_CLIENT_CERT")),
    mapping("redisTlsKey", ["REDIS_TLS_CLIENT_KEY"], (er) => overTls(er, "REDIS_TLS_CLIENT_KEY")),
    mapping("redisTlsVerifyName", ["REDIS_TLS_SKIP_HOSTNAME_VERIFICATION"], verifiesName),
    mapping("redisConnectTimeoutMillis", ["REDIS_TIMEOUT"], connectTimeout),
    mapping("redisKeyPrefix", ["CACHE_KEY_PREFIX"], (er) => er.text("CACHE_KEY_PREFIX")),
  ],
};

function storeOf(er: RatelimitValues): string | undefined {
  if (er.isGiven("REDIS_URL")) return "redis";
  er.warn("REDIS_URL is not set: buckets are kept in this process' memory and are not shared");
  return undefined;
}

function sentinelLogin(er: RatelimitValues): Login | undefined {
  if (redisTypeOf(er) !== "sentinel") return undefined;
  if (er.set("redisSentinelPasswordFile") !== undefined) return undefined;
  return readAuth(er.text("REDIS_SENTINEL_AUTH")) ?? readRedisAddress(er).sentinelLogin;
}

function overTls(er: RatelimitValues, name: string): string | undefined {
  return readRedisAddress(er).isTls ? er.text(name) : undefined;
}

function verifiesName(er: RatelimitValues): string | undefined {
  return readRedisAddress(er).isTls ? String(!er.isTrue("REDIS_TLS_SKIP_HOSTNAME_VERIFICATION")) : undefined;
}

/** 0 is no bound for ER. Decisions never wait for a connection, so that the exact time matters little. */
function connectTimeout(er: RatelimitValues): string {
  const given = readGoDuration(er.text("REDIS_TIMEOUT")) ?? 0;
  const { least, most } = CONNECT_MILLIS;
  return `${given === 0 ? most : Math.min(Math.max(given, least), most)}ms`;
}
