import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { load, requestFrames } from "./load.mjs";
import { LoadConnection } from "./load-connection.mjs";
import { tableOf } from "./report.mjs";

const HOST = "127.0.0.1";
const CONNECTIONS = 2_000;
const OPENED_AT_A_TIME = 100;
const BUCKETS = 200_000;
const WARM_UP_KEYS = 1_000;
const LOAD = { connections: 4, streams: 50 };
const GIVE_UP_MS = 10_000;

/** @typedef {import("./servers.mjs").Servers} Servers */
/** @typedef {{ rss: number, heap: number }} Memory bytes; `heap` is V8's with buffers outside of it */

/** A server that says how much memory it uses once its garbage is collected. */
class WeighedServer {
  #folder = mkdtempSync(join(tmpdir(), "weir-bench-memory-"));
  #file = join(this.#folder, "memory.json");
  #pid = 0;
  port = 0;

  /** @param {Servers} servers */
  async start(servers) {
    const preload = pathToFileURL(join(import.meta.dirname, "memory-report.mjs"));
    const { port, pid } = await servers.weir({
      WEIR_STORE: "memory",
      WEIR_GRPC_SERVER: "native",
      NODE_OPTIONS: `--import ${preload}`,
      BENCH_MEMORY: this.#file,
    });
    this.port = port;
    this.#pid = pid;
  }

  /** @returns {Promise<Memory>} */
  async weigh() {
    rmSync(this.#file, { force: true });
    process.kill(this.#pid, "SIGUSR2");
    const giveUpAt = performance.now() + GIVE_UP_MS;
    for (;;) {
      try {
        return JSON.parse(readFileSync(this.#file, "utf8"));
      } catch (error) {
        if (performance.now() > giveUpAt) throw error;
        await sleep(10);
      }
    }
  }

  remove() {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/**
 * Opens connections that then do nothing; all of them have exchanged settings.
 * @param {number} port
 * @param {number} count
 */
async function openIdle(port, count) {
  /** @type {LoadConnection[]} */
  const opened = [];
  while (opened.length < count) {
    const some = Array.from({ length: OPENED_AT_A_TIME }, () => LoadConnection.open({ host: HOST, port }, 1, () => {}));
    opened.push(...(await Promise.all(some)));
  }
  let lost = 0;
  for (const connection of opened) connection.onFailure = () => lost++;
  return { opened, lost: () => lost };
}

/**
 * Asks with each frame at least once.
 * @param {number} port
 * @param {readonly Buffer[]} frames
 */
async function askAll(port, frames) {
  let left = frames;
  while (left.length > 0) {
    const { tally } = await load({ host: HOST, port, ...LOAD }, left, { seconds: 0.5 });
    if (tally.failed > 0) throw new Error(`${tally.failed} of ${tally.answered} requests failed`);
    left = left.slice(tally.answered);
  }
}

/**
 * @param {string} name
 * @param {number} count
 * @param {Memory} before
 * @param {Memory} after
 */
function line(name, count, before, after) {
  return [
    name,
    String(count),
    ...[after.rss - before.rss, after.heap - before.heap].map((all) => (all / count).toFixed(0)),
  ];
}

/**
 * Prints what one idle connection and one bucket take of a server's memory.
 * @param {Servers} servers
 */
export async function measureMemoryUse(servers) {
  const server = new WeighedServer();
  try {
    await server.start(servers);
    // So that what every server needs once, compiled code among it, is there before the first weighing.
    await askAll(server.port, requestFrames({ key: "path", keys: WARM_UP_KEYS, descriptors: 1 }));
    for (const { opened } of [await openIdle(server.port, OPENED_AT_A_TIME)]) {
      for (const connection of opened) connection.close();
    }
    await server.weigh();

    const alone = await server.weigh();
    const { opened, lost } = await openIdle(server.port, CONNECTIONS);
    const connected = await server.weigh();
    if (lost() > 0) throw new Error(`${lost()} of ${CONNECTIONS} idle connections did not stay open`);
    for (const connection of opened) connection.close();

    const frames = requestFrames({ key: "wide", keys: BUCKETS, descriptors: 1 });
    await server.weigh();
    const empty = await server.weigh();
    await askAll(server.port, frames);
    const full = await server.weigh();
    console.log("\nMemory that stays in use after garbage collection, bytes for each:");
    console.log(
      tableOf([
        ["", "count", "RSS", "heap and buffers"],
        line("idle connection", CONNECTIONS, alone, connected),
        line("bucket", BUCKETS, empty, full),
      ]),
    );
  } finally {
    server.remove();
  }
}
