import { StartError } from "../start-error.js";
import type { RedisLinkOptions } from "../stores/redis/link/link-options.js";
import { readSecretFileSync } from "../stores/redis/link/secret-file.js";
import type { TlsFiles } from "../stores/redis/link/tls-files.js";
import { fileFault, findTlsFileFaults } from "./file-faults.js";
import { given } from "./given.js";
import type { Settings } from "./table.js";

/**
 * The way to Redis as the settings say.
 * @throws StartError (2) that names each file which cannot be used
 */
export function redisLinkOptions(settings: Settings): Omit<RedisLinkOptions, "scripts" | "onWarning"> {
  const tls: TlsFiles = {
    caFile: given(settings.redisTlsCa),
    certFile: given(settings.redisTlsCert),
    keyFile: given(settings.redisTlsKey),
    serverName: given(settings.redisTlsServerName),
    verifiesName: settings.redisTlsVerifyName,
  };
  const faults = [...secretFaults(settings), ...findTlsFileFaults(settings, tls, TLS_SETTINGS)];
  if (faults.length > 0) throw new StartError(2, faults);
  return {
    topology: settings.redisTopology,
    url: settings.redisUrl,
    sentinelMaster: given(settings.redisSentinelMaster),
    user: given(settings.redisUser),
    passwordFile: given(settings.redisPasswordFile),
    sentinelUser: given(settings.redisSentinelUser),
    sentinelPasswordFile: given(settings.redisSentinelPasswordFile),
    sentinelPassword: given(settings.redisSentinelPassword),
    tls,
    connectTimeoutMillis: settings.redisConnectTimeoutMillis,
  };
}

const TLS_SETTINGS = { ca: "redisTlsCa", cert: "redisTlsCert", key: "redisTlsKey" } as const;

function secretFaults(settings: Settings): string[] {
  const faults: string[] = [];
  for (const key of ["redisPasswordFile", "redisSentinelPasswordFile"] as const) {
    try {
      if (settings[key] !== "") readSecretFileSync(settings[key]);
    } catch (error) {
      faults.push(fileFault(settings, key, (error as Error).message));
    }
  }
  return faults;
}
