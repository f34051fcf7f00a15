import { mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { freePort } from "./free-port.js";
import { launch, type Program, whenReady } from "./program.js";
import { redisServerPath } from "./tools.js";

/** A real redis-server on a port of its own. Keeps nothing on disk: what is stopped has forgotten all. */
export interface RedisServer {
  readonly url: string;
  readonly port: number;
  /** The process that runs now. */
  pid(): number;
  isRunning(): boolean;
  /** Starts it again after `stop` or `kill`, on the same port. */
  start(): Promise<void>;
  /** Ends it if it runs. */
  stop(): Promise<void>;
  /** kill -9. */
  kill(): Promise<void>;
  /** The process stands still; the kernel still accepts connections for it. */
  freeze(): void;
  thaw(): void;
  /** One command over a connection of its own. Error replies reject. */
  command(name: string, ...args: (string | number | Buffer)[]): Promise<unknown>;
}

export interface RedisServerOptions {
  /** Default: a free one. */
  readonly port?: number;
  /** More arguments, such as `--requirepass`. */
  readonly args?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** Where it listens also. */
  readonly unixSocket?: string;
  /** What `command` logs in with. */
  readonly password?: string;
}

/** Starts redis-server and waits until it answers. */
export async function startRedis(options: RedisServerOptions = {}): Promise<RedisServer> {
  const path = redisServerPath();
  const port = options.port ?? (await freePort());
  let program: Program | undefined;
  let folder = "";
  const running = (): Program => {
    if (program === undefined) throw new Error("redis-server is not running");
    return program;
  };
  const signal = (name: NodeJS.Signals): void => void process.kill(running().pid, name);
  const start = async (): Promise<void> => {
    folder = await mkdtemp(join(tmpdir(), "weir-redis-"));
    program = await launch(path, serverArgs(port, folder, options), options.env ? { env: options.env } : {});
    await whenReady(program, "redis-server", () => answersPing(port));
  };
  const stop = async (): Promise<void> => {
    if (program?.ended() === undefined) program?.pid && signal("SIGCONT");
    await program?.stop();
    program = undefined;
    await rm(folder, { recursive: true, force: true });
  };
  await start();
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    pid: () => running().pid,
    isRunning: () => program !== undefined && program.ended() === undefined,
    start,
    stop,
    kill: async () => {
      signal("SIGKILL");
      await stop();
    },
    freeze: () => signal("SIGSTOP"),
    thaw: () => signal("SIGCONT"),
    command: (name, ...args) => runCommand(port, options.password, name, args),
  };
}

function serverArgs(port: number, folder: string, { args = [], unixSocket }: RedisServerOptions): string[] {
  const listen = ["--port", String(port), "--bind", "127.0.0.1"];
  if (unixSocket !== undefined) listen.push("--unixsocket", unixSocket);
  return [...listen, "--save", "", "--appendonly", "no", "--dir", folder, ...args];
}

/** Whether something answers there, be it only that one must log in first. */
function answersPing(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => socket.write("PING\r\n"));
    const end = (answers: boolean): void => {
      socket.destroy();
      resolve(answers);
    };
    socket.once("data", (bytes) => end(/^(\+PONG|-NOAUTH)/.test(bytes.toString()))).once("error", () => end(false));
  });
}

/** One command to a server on this port of 127.0.0.1, over a connection of its own. Error replies reject. */
export async function runCommand(
  port: number,
  password: string | undefined,
  name: string,
  args: (string | number | Buffer)[],
): Promise<unknown> {
  const login = password === undefined ? {} : { password };
  const client = new Redis({ ...login, port, host: "127.0.0.1", lazyConnect: true, retryStrategy: () => null });
  // What is wrong, connecting says too.
  client.on("error", () => undefined);
  try {
    await client.connect();
    return await client.call(name, args);
  } finally {
    client.disconnect();
  }
}
