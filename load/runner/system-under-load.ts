import { type Envoy, startEnvoy } from "../../test/support/envoy.js";
import { callAllOf } from "../../test/support/envoy-replicas.js";
import { type RedisServer, startRedis } from "../../test/support/redis-server.js";
import { startWeir, type WeirProcess } from "../../test/support/weir-process.js";
import type { Options } from "./options.js";

/** What the load goes through, all of it real and on this machine. */
export interface SystemUnderLoad {
  readonly envoy: Envoy;
  readonly weirs: readonly WeirProcess[];
  readonly redis: RedisServer;
  stop(): Promise<void>;
}

/** Envoy merges its histograms so often, and not every 5 s. */
const OFTEN_MERGED = "stats_flush_interval: 1s\n";

/** One Envoy with the shipped configuration, in front of replicas of Weir that share a Redis. */
export async function startSystem({ weirs, rules, timeoutMillis }: Options): Promise<SystemUnderLoad> {
  const started: { stop(): Promise<unknown> }[] = [];
  const stop = async (): Promise<void> => {
    for (const each of started.reverse()) await each.stop();
  };
  const keep = <T extends { stop(): Promise<unknown> }>(each: T): T => {
    started.push(each);
    return each;
  };
  try {
    const redis = keep(await startRedis());
    const env = { WEIR_STORE_TIMEOUT: `${Math.ceil(timeoutMillis / 2)}ms`, WEIR_LOG_LEVEL: "warn" };
    const replicas: WeirProcess[] = [];
    while (replicas.length < weirs) replicas.push(keep(await startWeir({ rules, redisUrl: redis.url, env })));
    const ports = replicas.map(({ grpcPort }) => grpcPort);
    const rateLimitTimeout = `${timeoutMillis / 1000}s`;
    const callAll = callAllOf(ports);
    const edit = (yaml: string): string => `${callAll(yaml)}\n${OFTEN_MERGED}`;
    const envoy = keep(await startEnvoy({ weirPort: ports[0] ?? 0, rateLimitTimeout, edit }));
    return { envoy, weirs: replicas, redis, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
