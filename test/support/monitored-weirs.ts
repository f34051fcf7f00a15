import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Envoy, startEnvoy } from "./envoy.js";
import { http } from "./http-client.js";
import { type Prometheus, startPrometheus } from "./prometheus.js";
import { type RedisServer, startRedis } from "./redis-server.js";
import { startTraffic } from "./steady-traffic.js";
import { SHIPPED_RULES, startWeir, type WeirProcess } from "./weir-process.js";

/** What a replica does without Redis; `memory` has none from the start, and `pushed` no rules, which nobody sends it. */
export type Replica = "memory" | "pushed" | "error" | "allow" | "deny" | "local";

/** Weirs of every kind under traffic, an Envoy in front of the one that answers errors, and a Prometheus that scrapes all. */
export interface MonitoredWeirs {
  readonly prometheus: Prometheus;
  readonly redis: RedisServer;
  readonly weirs: Readonly<Record<Replica, WeirProcess>>;
  /** Writes the rules of the replica `memory`, which no other one reads. */
  writeRules(text: string): Promise<void>;
  /** One call to the admin API of the replica `memory`; gives the status. */
  admin(method: string, path: string, body: object): Promise<number>;
  stop(): Promise<void>;
}

interface Stoppable {
  stop(): Promise<unknown>;
}

/** So long that a Redis that stands still for a moment makes answers late, and not fail. */
const STORE_TIMEOUT = "100ms";

/** A Weir that serves without rules until its control plane, where nobody listens, sends some. */
const WAITING_FOR_RULES = {
  WEIR_RULES_FROM: "xds",
  WEIR_XDS_SERVER: "127.0.0.1:1",
  WEIR_XDS_START_WITHOUT_RULES: "true",
  WEIR_XDS_READY_WITHOUT_RULES: "true",
};

/** Starts all of it, with a Redis that may forget what it should keep. Traffic flows until the end. */
export async function startMonitoredWeirs(): Promise<MonitoredWeirs> {
  const folder = await mkdtemp(join(tmpdir(), "weir-monitored-"));
  const rules = join(folder, "rules");
  await cp(SHIPPED_RULES, rules, { recursive: true });
  const writeRules = (text: string): Promise<void> => writeFile(join(rules, "clients.yaml"), text);
  await writeRules(rulesOf(5));
  const running: Stoppable[] = [{ stop: () => rm(folder, { recursive: true }) }];
  const stop = async (): Promise<void> => {
    for (const program of running.toReversed()) await program.stop();
  };
  const keep = <T extends Stoppable>(program: T): T => {
    running.push(program);
    return program;
  };
  try {
    const redis = keep(await startRedis({ args: ["--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru"] }));
    const weirs = {
      memory: keep(await startWeir({ rules, env: { WEIR_MEMORY_MAX_BUCKETS: "100" } })),
      pushed: keep(await startWeir({ env: WAITING_FOR_RULES })),
      error: keep(await startReplica("error", redis.url)),
      allow: keep(await startReplica("allow", redis.url)),
      deny: keep(await startReplica("deny", redis.url)),
      local: keep(await startReplica("local", redis.url)),
    };
    const { envoy, admin } = await startFrontProxy(weirs.error);
    keep(envoy);
    const addresses = Object.values(weirs).map(({ httpUrl }) => httpUrl.replace("http://", ""));
    const prometheus = keep(await startPrometheus({ weir: addresses, envoy: [admin] }));
    keep(startTraffic(Object.values(weirs), envoy));
    return {
      prometheus,
      redis,
      weirs,
      writeRules,
      stop,
      admin: async (method, path, body) => {
        const headers = { "content-type": "application/json" };
        const url = `${weirs.memory.adminUrl}${path}`;
        return (await http(url, { method, headers, body: JSON.stringify(body) })).status;
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Rules of a domain of its own, by which each client has so many requests an hour. */
export function rulesOf(requestsPerHour: number): string {
  const limit = `{ unit: hour, requests_per_unit: ${requestsPerHour} }`;
  return `domain: clients\ndescriptors:\n  - key: client\n    rate_limit: ${limit}\n`;
}

async function startReplica(replica: Exclude<Replica, "memory" | "pushed">, redisUrl: string): Promise<WeirProcess> {
  const env = { WEIR_ON_STORE_FAILURE: replica, WEIR_STORE_TIMEOUT: STORE_TIMEOUT };
  return await startWeir({ redisUrl, env });
}

/** Envoy, and the address of its admin pages, which only its configuration tells. */
async function startFrontProxy({ grpcPort }: WeirProcess): Promise<{ envoy: Envoy; admin: string }> {
  let admin = "";
  const edit = (yaml: string): string => {
    const [, port] = /^admin:\n(?: .*\n)*? .*port_value: (\d+)/m.exec(yaml) ?? [];
    if (port === undefined) throw new Error("envoy.yaml has no admin address");
    admin = `127.0.0.1:${port}`;
    return yaml;
  };
  const envoy = await startEnvoy({ weirPort: grpcPort, rateLimitTimeout: "0.5s", edit });
  return { envoy, admin };
}
