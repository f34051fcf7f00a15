import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "./free-port.js";
import { launch, type Program, whenReady } from "./program.js";
import { type RedisServer, runCommand, startRedis } from "./redis-server.js";
import { redisServerPath } from "./tools.js";
import { until } from "./until.js";

/**
 * How long what Sentinels do by themselves may take on a machine that is busy with other things: an election that nobody
 * wins is held again 2 s later, as often as it takes.
 */
export const FAILOVER_MILLIS = 60_000;

/** A failover that was asked for and has come to nothing is asked for again. */
const ASK_AGAIN_MILLIS = 3_000;

/** The name by which the Sentinels know the master. */
export const MASTER_NAME = "weir-master";

/** A real Sentinel on a port of its own. */
export interface Sentinel {
  readonly port: number;
  pid(): number;
  /** kill -9. */
  kill(): Promise<void>;
  /** One command over a connection of its own. */
  command(name: string, ...args: (string | number)[]): Promise<unknown>;
}

/** One master, its replicas, and three Sentinels that watch them. */
export interface SentinelSetup {
  /** The Sentinels, as `WEIR_REDIS_URL` names them: `redis://127.0.0.1:1,127.0.0.1:2,127.0.0.1:3`. */
  readonly url: string;
  readonly sentinels: readonly Sentinel[];
  /** The first of them is the master until a failover. Kill, freeze and start them as any other server. */
  readonly servers: readonly RedisServer[];
  /** The server that the first Sentinel that runs calls the master. */
  master(): Promise<RedisServer>;
  /** Waits until all Sentinels that run name another master than this one, and it takes writes. Gives the new one. */
  untilFailover(from: RedisServer): Promise<RedisServer>;
  /** Waits until this server is a replica of the master that the Sentinels name, and has its content. */
  untilReplica(server: RedisServer): Promise<void>;
  /** A failover without a fault, as an operator asks for it. Gives the new master. */
  failover(): Promise<RedisServer>;
  stop(): Promise<void>;
}

export interface SentinelSetupOptions {
  /** Default 1. */
  readonly replicas?: number;
  /** More arguments for master and replicas, such as `aclArgs` gives. Each is a word. */
  readonly serverArgs?: readonly string[];
  /** The environment of replicas, such as another clock. */
  readonly replicaEnv?: NodeJS.ProcessEnv;
  /** More lines for the Sentinels' configuration. */
  readonly sentinelLines?: readonly string[];
  /** Of the default user of master and replicas, who then also replicates with it. Default: none. */
  readonly password?: string;
  /** Of the default user of the Sentinels. Default: none. */
  readonly sentinelPassword?: string;
  /** After so long without an answer a server counts as down for the first Sentinel. Default 600: a machine may stall for 300. */
  readonly downAfterMillis?: number;
}

/** Starts all of it and waits until the Sentinels know one another and every replica. */
export async function startSentinelSetup(options: SentinelSetupOptions = {}): Promise<SentinelSetup> {
  const servers = await startServers(options);
  const sentinels = await startSentinels(servers, options);
  const setup = new RunningSetup(servers, sentinels);
  try {
    await setup.untilComplete();
    return setup;
  } catch (error) {
    await setup.stop();
    throw error;
  }
}

async function startServers(options: SentinelSetupOptions): Promise<RedisServer[]> {
  const { replicas = 1, serverArgs = [], password, replicaEnv } = options;
  const login = password === undefined ? [] : ["--requirepass", password, "--masterauth", password];
  const args = [...login, "--repl-diskless-sync-delay", "0", ...serverArgs];
  const common = password === undefined ? {} : { password };
  const master = await startRedis({ ...common, args });
  const follow = ["--replicaof", "127.0.0.1", String(master.port)];
  const env = replicaEnv === undefined ? {} : { env: replicaEnv };
  const others = Array.from({ length: replicas }, () => startRedis({ ...common, ...env, args: [...args, ...follow] }));
  return [master, ...(await Promise.all(others))];
}

interface RunningSentinel extends Sentinel {
  readonly isRunning: () => boolean;
  stop(): Promise<void>;
}

/**
 * Each is told of the others in its configuration: finding them by their greetings takes seconds. One of them is enough
 * to call the master down, and each takes longer than the one before: the first one asks the others for their votes
 * before they want to be elected themselves. Without that every third election has no winner.
 */
async function startSentinels(
  servers: readonly RedisServer[],
  options: SentinelSetupOptions,
): Promise<RunningSentinel[]> {
  const known: { id: string; port: number }[] = [];
  for (let i = 0; i < 3; i++) known.push({ id: randomBytes(20).toString("hex"), port: await freePort() });
  const [master, ...replicas] = servers;
  const { password, sentinelPassword, downAfterMillis = 600, sentinelLines = [] } = options;
  return Promise.all(
    known.map(({ id, port }, i) => {
      const others = known.filter((other) => other.id !== id);
      const lines = [
        `port ${port}`,
        "bind 127.0.0.1",
        ...(sentinelPassword === undefined ? [] : [`requirepass ${sentinelPassword}`]),
        `sentinel myid ${id}`,
        `sentinel monitor ${MASTER_NAME} 127.0.0.1 ${master!.port} 1`,
        ...(password === undefined ? [] : [`sentinel auth-pass ${MASTER_NAME} ${password}`]),
        ...(sentinelPassword === undefined ? [] : [`sentinel sentinel-pass ${sentinelPassword}`]),
        `sentinel down-after-milliseconds ${MASTER_NAME} ${downAfterMillis * (1 + i)}`,
        // Twice that is the time until a failed election is held again.
        `sentinel failover-timeout ${MASTER_NAME} 1000`,
        ...replicas.map((replica) => `sentinel known-replica ${MASTER_NAME} 127.0.0.1 ${replica.port}`),
        ...others.map((other) => `sentinel known-sentinel ${MASTER_NAME} 127.0.0.1 ${other.port} ${other.id}`),
        ...sentinelLines,
      ];
      return startSentinel(port, lines, sentinelPassword);
    }),
  );
}

/**
 * Without these a failover takes seconds; milliseconds. A replica is promoted only if it has answered in the last 5
 * PING-PERIODs and told of itself in the last 3 INFO-PERIODs: shorter ones make NOGOODSLAVE of a stall of the machine. After a
 * stall of 2 s a Sentinel does nothing for a TILT-PERIOD, 30 s if it is not told otherwise.
 */
const PERIODS = [
  ["INFO-PERIOD", 300],
  ["PING-PERIOD", 300],
  ["ASK-PERIOD", 100],
  ["PUBLISH-PERIOD", 200],
  ["TILT-PERIOD", 1_000],
] as const;

/** What a replica told so lately lets it be promoted: three INFO-PERIODs. */
const FRESH_MILLIS = 900;

async function startSentinel(port: number, lines: readonly string[], password?: string): Promise<RunningSentinel> {
  const folder = await mkdtemp(join(tmpdir(), "weir-sentinel-"));
  const file = join(folder, "sentinel.conf");
  await writeFile(file, `${[...lines, `dir ${folder}`].join("\n")}\n`);
  const program: Program = await launch(redisServerPath(), [file, "--sentinel"]);
  const command: Sentinel["command"] = (name, ...args) => runCommand(port, password, name, args);
  const stop = async (): Promise<void> => {
    await program.stop();
    await rm(folder, { recursive: true, force: true });
  };
  await whenReady(program, "redis-sentinel", () =>
    command("PING").then(
      () => true,
      () => false,
    ),
  );
  // Before Redis 7 there is no such command.
  await command("SENTINEL", "DEBUG", ...PERIODS.flat()).catch(() => undefined);
  return {
    port,
    pid: () => program.pid,
    kill: async () => {
      process.kill(program.pid, "SIGKILL");
      await stop();
    },
    command,
    stop,
    isRunning: () => program.ended() === undefined,
  };
}

class RunningSetup implements SentinelSetup {
  readonly url: string;
  readonly servers: readonly RedisServer[];
  readonly sentinels: readonly RunningSentinel[];

  constructor(servers: readonly RedisServer[], sentinels: readonly RunningSentinel[]) {
    this.servers = servers;
    this.sentinels = sentinels;
    this.url = `redis://${sentinels.map(({ port }) => `127.0.0.1:${port}`).join(",")}`;
  }

  master(): Promise<RedisServer> {
    return this.#masterOf(this.sentinels.find((sentinel) => sentinel.isRunning())!);
  }

  async untilComplete(): Promise<void> {
    const waits = this.sentinels.map((sentinel) =>
      until("a Sentinel sees all others", async () => (await this.#seesAll(sentinel)) || undefined, FAILOVER_MILLIS),
    );
    await Promise.all(waits);
  }

  untilFailover(from: RedisServer): Promise<RedisServer> {
    return until("all Sentinels name another master", () => this.#agreedOtherThan(from), FAILOVER_MILLIS);
  }

  async untilReplica(server: RedisServer): Promise<void> {
    await until(
      "the server is a replica of the master",
      async () => {
        const master = await this.master();
        const [role, , port, state] = (await server.command("ROLE").catch(() => [])) as unknown[];
        return (role === "slave" && port === master.port && state === "connected") || undefined;
      },
      FAILOVER_MILLIS,
    );
  }

  async failover(): Promise<RedisServer> {
    const from = await this.master();
    const asked = this.sentinels.find((sentinel) => sentinel.isRunning())!;
    let askedMillis = Number.NEGATIVE_INFINITY;
    const next = async (): Promise<RedisServer | undefined> => {
      if (performance.now() - askedMillis > ASK_AGAIN_MILLIS && (await this.#masterOf(asked)) === from) {
        if (await asksForFailover(asked)) askedMillis = performance.now();
      }
      return this.#agreedOtherThan(from);
    };
    return await until("the failover that was asked for", next, FAILOVER_MILLIS);
  }

  async stop(): Promise<void> {
    await Promise.all(this.sentinels.map((sentinel) => sentinel.stop()));
    await Promise.all(this.servers.map((server) => server.stop()));
  }

  /** Whether a Sentinel could lead a failover now: with all replicas fit for it, and both others for their votes. */
  async #seesAll(sentinel: Sentinel): Promise<boolean> {
    const ask = (what: string): Promise<unknown> => sentinel.command("SENTINEL", what, MASTER_NAME);
    const master = pairs(await ask("MASTER"));
    const replicas = ((await ask("REPLICAS")) as unknown[]).map(pairs);
    const others = ((await ask("SENTINELS")) as unknown[]).map(pairs);
    return (
      master.get("flags") === "master" &&
      replicas.length === this.servers.length - 1 &&
      replicas.every(isFitForMaster) &&
      others.length === this.sentinels.length - 1 &&
      others.every((other) => other.get("flags") === "sentinel")
    );
  }

  /** The master that all Sentinels name and that takes writes, if it is another one. */
  async #agreedOtherThan(from: RedisServer): Promise<RedisServer | undefined> {
    const running = this.sentinels.filter((each) => each.isRunning());
    const named = await Promise.all(running.map((each) => this.#masterOf(each)));
    const isAgreed = named.every((server) => server === named[0] && server !== from);
    return isAgreed && (await roleOf(named[0]!)) === "master" ? named[0] : undefined;
  }

  async #masterOf(sentinel: Sentinel): Promise<RedisServer> {
    const address = await sentinel.command("SENTINEL", "GET-MASTER-ADDR-BY-NAME", MASTER_NAME);
    const port = Number((address as string[])[1]);
    const server = this.servers.find((each) => each.port === port);
    if (server === undefined) throw new Error(`a Sentinel names a master that is none of ours: port ${port}`);
    return server;
  }
}

/** Asks for one. False: not now, since one is going on, or no replica has told of itself lately. */
function asksForFailover(sentinel: Sentinel): Promise<boolean> {
  return sentinel.command("SENTINEL", "FAILOVER", MASTER_NAME).then(
    () => true,
    (error: Error) => {
      if (/^(NOGOODSLAVE|INPROG)/.test(error.message)) return false;
      throw error;
    },
  );
}

/** By what a Sentinel says of a replica. */
function isFitForMaster(replica: ReadonlyMap<string, string>): boolean {
  return (
    replica.get("flags") === "slave" &&
    replica.get("master-link-status") === "ok" &&
    replica.get("slave-priority") !== "0" &&
    Number(replica.get("info-refresh")) < FRESH_MILLIS
  );
}

async function roleOf(server: RedisServer): Promise<unknown> {
  return ((await server.command("ROLE").catch(() => [])) as unknown[])[0];
}

/** A flat list of names and values, as Sentinels answer. */
function pairs(reply: unknown): Map<string, string> {
  const flat = reply as string[];
  return new Map(flat.flatMap((name, i) => (i % 2 === 0 ? [[name, flat[i + 1]!] as const] : [])));
}
