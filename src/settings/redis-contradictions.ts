import { parseRedisUrl } from "../stores/redis/link/redis-address.js";
import { bothOrNeither } from "./both-or-neither.js";
import type { RedisSettings } from "./redis-rows.js";

/** What is wrong between settings about Redis that are right each by itself, a line each. */
export function findRedisContradictions(settings: RedisSettings, name: NameOf): string[] {
  return [...topologyFaults(settings, name), ...loginFaults(settings, name), ...tlsFaults(settings, name)];
}

type NameOf = (key: keyof RedisSettings) => string;

/** What means something only with Sentinels. */
const NEEDS_SENTINEL = [
  "redisSentinelMaster",
  "redisSentinelUser",
  "redisSentinelPasswordFile",
  "redisSentinelPassword",
] as const;

function topologyFaults(settings: RedisSettings, name: NameOf): string[] {
  const { redisTopology: topology, redisUrl, redisSentinelMaster } = settings;
  const { hosts, path, database } = parseRedisUrl(redisUrl);
  const faults: string[] = [];
  if (topology === "single" && hosts.length > 1) {
    faults.push(`${name("redisUrl")} has several hosts, which requires ${name("redisTopology")}=sentinel or cluster`);
  }
  if (topology !== "single" && path !== undefined) {
    faults.push(`${name("redisUrl")} is a Unix socket, which requires ${name("redisTopology")}=single`);
  }
  if (topology === "cluster" && database !== 0) {
    faults.push(`${name("redisUrl")} has a database, but a Cluster has no database other than 0`);
  }
  if (topology === "sentinel" && redisSentinelMaster === "") {
    faults.push(`${name("redisSentinelMaster")} is required when ${name("redisTopology")} is sentinel`);
  }
  for (const key of NEEDS_SENTINEL) {
    if (topology !== "sentinel" && settings[key] !== "") {
      faults.push(`${name(key)} requires ${name("redisTopology")}=sentinel`);
    }
  }
  return faults;
}

function loginFaults(settings: RedisSettings, name: NameOf): string[] {
  const { redisUrl, redisUser, redisPasswordFile } = settings;
  const { redisSentinelUser, redisSentinelPasswordFile, redisSentinelPassword } = settings;
  const { user, password = "" } = parseRedisUrl(redisUrl);
  const faults: string[] = [];
  if (redisUser !== "" && user !== undefined) {
    faults.push(`${name("redisUser")} and a user in ${name("redisUrl")} must not both be set`);
  }
  if (redisPasswordFile !== "" && password !== "") {
    faults.push(`${name("redisPasswordFile")} and a password in ${name("redisUrl")} must not both be set`);
  }
  if (redisUser !== "" && redisPasswordFile === "" && password === "") {
    faults.push(`${name("redisUser")} requires ${name("redisPasswordFile")} or a password in ${name("redisUrl")}`);
  }
  if (redisSentinelPasswordFile !== "" && redisSentinelPassword !== "") {
    faults.push(`${name("redisSentinelPasswordFile")} and ${name("redisSentinelPassword")} must not both be set`);
  }
  if (redisSentinelUser !== "" && redisSentinelPasswordFile === "" && redisSentinelPassword === "") {
    faults.push(`${name("redisSentinelUser")} requires ${name("redisSentinelPasswordFile")}`);
  }
  return faults;
}

function tlsFaults(settings: RedisSettings, name: NameOf): string[] {
  const faults: string[] = [];
  const { isTls } = parseRedisUrl(settings.redisUrl);
  for (const key of ["redisTlsCa", "redisTlsCert", "redisTlsKey", "redisTlsServerName"] as const) {
    if (!isTls && settings[key] !== "")
      faults.push(`${name(key)} requires ${name("redisUrl")} to start with rediss://`);
  }
  if (!isTls && !settings.redisTlsVerifyName) {
    faults.push(`${name("redisTlsVerifyName")} requires ${name("redisUrl")} to start with rediss://`);
  }
  return [...faults, ...bothOrNeither(settings, name, ["redisTlsCert", "redisTlsKey"])];
}
