import { parseRedisUrl } from "../stores/redis/link/redis-address.js";
import { SETTINGS, type Settings, variableOf } from "./table.js";

/** What is wrong between settings about Redis that are right each by itself, a line each. */
export function findRedisContradictions(settings: Settings): string[] {
  return [...topologyFaults(settings), ...loginFaults(settings), ...tlsFaults(settings)];
}

function name(key: keyof Settings): string {
  return variableOf(SETTINGS[key]);
}

function topologyFaults(settings: Settings): string[] {
  const { redisTopology: topology, redisUrl, redisSentinelMaster } = settings;
  const { hosts, path, database } = parseRedisUrl(redisUrl);
  const faults: string[] = [];
  if (topology === "single" && hosts.length > 1) {
    faults.push(`${name("redisUrl")} names several hosts: ${name("redisTopology")} must be sentinel or cluster then`);
  }
  if (topology !== "single" && path !== undefined) {
    faults.push(`${name("redisUrl")} names a unix socket: ${name("redisTopology")} must be single then`);
  }
  if (topology === "cluster" && database !== 0) {
    faults.push(`${name("redisUrl")} names a database: a Cluster has none but 0`);
  }
  if (topology === "sentinel" && redisSentinelMaster === "") {
    faults.push(`${name("redisSentinelMaster")} is needed when ${name("redisTopology")} is sentinel`);
  }
  for (const key of ["redisSentinelMaster", "redisSentinelUser", "redisSentinelPasswordFile"] as const) {
    if (topology !== "sentinel" && settings[key] !== "") {
      faults.push(`${name(key)} needs ${name("redisTopology")} to be sentinel`);
    }
  }
  return faults;
}

function loginFaults(settings: Settings): string[] {
  const { redisUrl, redisUser, redisPasswordFile, redisSentinelUser, redisSentinelPasswordFile } = settings;
  const { user, password = "" } = parseRedisUrl(redisUrl);
  const faults: string[] = [];
  if (redisUser !== "" && user !== undefined) {
    faults.push(`${name("redisUser")} and a user in ${name("redisUrl")} must not be given both`);
  }
  if (redisPasswordFile !== "" && password !== "") {
    faults.push(`${name("redisPasswordFile")} and a password in ${name("redisUrl")} must not be given both`);
  }
  if (redisUser !== "" && redisPasswordFile === "" && password === "") {
    faults.push(`${name("redisUser")} needs ${name("redisPasswordFile")} or a password in ${name("redisUrl")}`);
  }
  if (redisSentinelUser !== "" && redisSentinelPasswordFile === "") {
    faults.push(`${name("redisSentinelUser")} needs ${name("redisSentinelPasswordFile")}`);
  }
  return faults;
}

function tlsFaults(settings: Settings): string[] {
  const faults: string[] = [];
  const { isTls } = parseRedisUrl(settings.redisUrl);
  for (const key of ["redisTlsCa", "redisTlsCert", "redisTlsKey", "redisTlsServerName"] as const) {
    if (!isTls && settings[key] !== "") faults.push(`${name(key)} needs ${name("redisUrl")} to start with rediss://`);
  }
  if ((settings.redisTlsCert === "") !== (settings.redisTlsKey === "")) {
    faults.push(`${name("redisTlsCert")} and ${name("redisTlsKey")} must be given both or not at all`);
  }
  return faults;
}
