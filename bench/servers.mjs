import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { availableParallelism, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

const HOST = "127.0.0.1";
const START_MS = 20_000;
const SERVER_CORE = "0";
const OTHER_CORE = "1";

/** @typedef {{ port: number, pid: number, httpPort?: number }} Running */

const root = resolve(import.meta.dirname, "..");
const canPin = availableParallelism() > 1 && spawnSync("taskset", ["--version"]).status === 0;

/** @param {string} core */
function pinSelf(core) {
  if (canPin) spawnSync("taskset", ["--cpu-list", "--pid", core, String(process.pid)]);
  return canPin;
}

/** Puts this program, which makes the load, on the core that the servers under test do not have. */
export const pinLoad = () => pinSelf(OTHER_CORE);

/** Puts this program on the core of the servers under test, for as long as it is the one that is measured. */
export const pinAsServer = () => pinSelf(SERVER_CORE);

/** @returns {Promise<number>} */
function freePort() {
  return new Promise((settle, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, HOST, () => {
      const address = server.address();
      server.close(() => (address !== null && typeof address === "object" ? settle(address.port) : reject(address)));
    });
  });
}

/** @param {number} port */
function accepts(port) {
  return new Promise((settle) => {
    const socket = connect({ host: HOST, port });
    socket.once("connect", () => settle(true)).once("error", () => settle(false));
    socket.once("connect", () => socket.destroy());
  });
}

/** @param {number} httpPort */
async function isReady(httpPort) {
  try {
    return (await fetch(`http://${HOST}:${httpPort}/readyz`)).ok;
  } catch {
    return false;
  }
}

/** The servers that this benchmark starts. `stop` ends them all, whatever happened. */
export class Servers {
  /** @type {import("node:child_process").ChildProcess[]} */
  #children = [];
  #folder = mkdtempSync(join(tmpdir(), "weir-bench-"));

  /** @returns {Promise<Running>} a Redis that writes nothing to disk */
  async redis() {
    const port = await freePort();
    const where = ["--bind", HOST, "--port", String(port), "--dir", this.#folder];
    const command = ["redis-server", ...where, "--save", "", "--appendonly", "no", "--loglevel", "warning"];
    return { port, pid: await this.#start(OTHER_CORE, command, {}, () => accepts(port)) };
  }

  /** @returns {Promise<Running>} grpc-js alone */
  async plain() {
    const port = await freePort();
    const command = [process.execPath, join(import.meta.dirname, "plain-server.mjs"), String(port)];
    return { port, pid: await this.#start(SERVER_CORE, command, {}, () => accepts(port)) };
  }

  /**
   * @param {Record<string, string>} settings
   * @returns {Promise<Running>} a Weir that says it is ready
   */
  async weir(settings) {
    const main = join(root, "dist/main.js");
    if (!existsSync(main)) throw new Error("there is no dist/main.js: run `npm run build` first");
    const [port, httpPort] = [await freePort(), await freePort()];
    const environment = {
      WEIR_RULES: join(import.meta.dirname, "rules"),
      // Under full load a call waits longer for its turn in Node than the store needs; here that is to be measured.
      WEIR_STORE_TIMEOUT: "1s",
      WEIR_LOG_LEVEL: "warn",
      ...process.env,
      ...settings,
      WEIR_GRPC_LISTEN: `${HOST}:${port}`,
      WEIR_HTTP_LISTEN: `${HOST}:${httpPort}`,
      WEIR_ADMIN_LISTEN: `${HOST}:0`,
    };
    const command = [process.execPath, main, "serve"];
    return { port, httpPort, pid: await this.#start(SERVER_CORE, command, environment, () => isReady(httpPort)) };
  }

  stop() {
    for (const child of this.#children) child.kill("SIGKILL");
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /**
   * @param {string} core
   * @param {string[]} command
   * @param {Record<string, string | undefined>} environment
   * @param {() => Promise<unknown>} started
   */
  async #start(core, command, environment, started) {
    const [program = "", ...args] = canPin ? ["taskset", "--cpu-list", core, ...command] : command;
    const env = { ...process.env, ...environment };
    const child = spawn(program, args, { cwd: root, env, stdio: ["ignore", "ignore", "inherit"] });
    this.#children.push(child);
    /** @type {string | undefined} */
    let ended;
    child.once("error", (error) => (ended = error.message));
    child.once("exit", (code, signal) => (ended ??= `it ended with ${signal ?? code}`));
    const giveUpAt = Date.now() + START_MS;
    while (!(await started())) {
      ended ??= Date.now() > giveUpAt ? `not ready after ${START_MS / 1000} s` : undefined;
      if (ended !== undefined) throw new Error(`${command.join(" ")}: ${ended}`);
      await sleep(20);
    }
    if (child.pid === undefined) throw new Error(`${command.join(" ")}: no process`);
    return child.pid;
  }
}
