import { resolve } from "node:path";
import { performance } from "node:perf_hooks";
import { pathToFileURL } from "node:url";
import { cpuSeconds } from "./process-cpu.mjs";
import { tableOf } from "./report.mjs";
import { pinAsServer, pinLoad } from "./servers.mjs";

const storeFolder = resolve(import.meta.dirname, "../dist/stores/redis");
const IN_FLIGHT = [1, 10, 50, 100];
const KEYS = 10_000;
/** Longer than a busy machine holds anything up. */
const BUDGET_MS = 5_000;
const PERIOD_MICROS = 1_000_000;
/** More than any run takes in a period. */
const LIMIT = {
  algorithm: /** @type {const} */ ("token_bucket"),
  tokensPerPeriod: 1_000_000,
  periodMicros: PERIOD_MICROS,
  burst: 1_000_000,
  maxDebt: 0,
};

/** @typedef {import("../src/stores/redis/redis-store.js").RedisStore} RedisStore */
/** @typedef {{ nodeMicros: number, redisMicros: number, perSecond: number }} Cost of a decision */

/**
 * A store of this process on a Redis, as the server opens it or with one call of the script for each decision.
 * @param {number} port
 * @param {boolean} grouped
 * @returns {Promise<RedisStore>}
 */
async function openStore(port, grouped) {
  /** @param {string} name */
  const load = (name) => import(pathToFileURL(resolve(storeFolder, name)).href);
  const { RedisStore, openRedisLink, BATCH_SCRIPT } = {
    ...(await load("redis-store.js")),
    ...(await load("link/open-redis-link.js")),
    ...(await load("lua-script.js")),
  };
  const silenceTimeoutMillis = 10 * BUDGET_MS;
  const link = openRedisLink({ url: `redis://127.0.0.1:${port}`, scripts: [BATCH_SCRIPT], silenceTimeoutMillis });
  const alone = { maxDecisionsPerCall: 1, maxCallsInFlight: Number.POSITIVE_INFINITY };
  const store = new RedisStore(link, { keyPrefix: grouped ? "grouped:" : "alone:", ...(grouped ? {} : alone) });
  while (!store.isReady()) await new Promise((done) => setTimeout(done, 5));
  return store;
}

/**
 * Keeps so many decisions in flight for a while.
 * @param {RedisStore} store
 * @param {number} inFlight
 * @param {number} keys
 * @param {number} seconds
 */
async function decideFor(store, inFlight, keys, seconds) {
  const end = performance.now() + seconds * 1000;
  let decisions = 0;
  const one = async () => {
    while (performance.now() < end) {
      const key = `1|bench|client=192.168.${(decisions++ * 7919) % keys}|token_bucket:1s`;
      const charge = /** @type {const} */ ({ key, limit: LIMIT, role: "enforced", action: "take", hits: 1 });
      await store.decide([charge], BUDGET_MS);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, one));
  return decisions;
}

/**
 * @param {RedisStore} store
 * @param {number} redisPid
 * @param {{ inFlight: number, keys: number, seconds: number }} how
 * @returns {Promise<Cost>}
 */
async function costOf(store, redisPid, { inFlight, keys, seconds }) {
  const redisBefore = cpuSeconds(redisPid);
  const before = process.cpuUsage();
  const start = performance.now();
  const decisions = await decideFor(store, inFlight, keys, seconds);
  const { user, system } = process.cpuUsage(before);
  return {
    nodeMicros: (user + system) / decisions,
    redisMicros: ((cpuSeconds(redisPid) - redisBefore) * 1e6) / decisions,
    perSecond: (decisions * 1000) / (performance.now() - start),
  };
}

/** @param {readonly Cost[]} costs @returns {Cost} the least CPU of any round, and the most decisions */
function bestOf(costs) {
  return {
    nodeMicros: Math.min(...costs.map(({ nodeMicros }) => nodeMicros)),
    redisMicros: Math.min(...costs.map(({ redisMicros }) => redisMicros)),
    perSecond: Math.max(...costs.map(({ perSecond }) => perSecond)),
  };
}

/**
 * Prints what a decision costs Node and Redis, grouped and with a call of the script for each, in turns.
 * @param {import("./servers.mjs").Servers} servers
 * @param {{ seconds: number, rounds: number }} options
 */
export async function measureGroupCommit(servers, { seconds, rounds }) {
  pinAsServer();
  const redis = await servers.redis();
  const stores = { alone: await openStore(redis.port, false), grouped: await openStore(redis.port, true) };
  const cases = [...IN_FLIGHT.map((inFlight) => ({ inFlight, keys: KEYS })), { inFlight: 50, keys: 1 }];
  const subjects = cases.map((each) => ({
    ...each,
    alone: /** @type {Cost[]} */ ([]),
    grouped: /** @type {Cost[]} */ ([]),
  }));
  for (const store of Object.values(stores)) await decideFor(store, 50, KEYS, Math.min(1, seconds));
  for (let round = 0; round < rounds; round++) {
    for (const subject of subjects) {
      for (const name of /** @type {const} */ (["alone", "grouped"])) {
        subject[name].push(await costOf(stores[name], redis.pid, { ...subject, seconds }));
      }
    }
  }
  for (const store of Object.values(stores)) await store.close();
  pinLoad();
  console.log(
    `\nA decision in Redis, one call each and grouped, in turns, best of ${rounds}; Redis on the other core:`,
  );
  const head = ["in flight", "keys", "Node us alone", "grouped", "ratio", "Redis us alone", "grouped", "ratio"];
  console.log(tableOf([[...head, "per s alone", "grouped"], ...subjects.map(line)]));
}

/** @param {{ inFlight: number, keys: number, alone: readonly Cost[], grouped: readonly Cost[] }} subject */
function line({ inFlight, keys, ...costs }) {
  const [alone, grouped] = [bestOf(costs.alone), bestOf(costs.grouped)];
  const compared = (/** @type {"nodeMicros" | "redisMicros"} */ what) => [
    alone[what].toFixed(1),
    grouped[what].toFixed(1),
    (alone[what] / grouped[what]).toFixed(1),
  ];
  const perSecond = [alone, grouped].map((cost) => cost.perSecond.toFixed(0));
  return [String(inFlight), String(keys), ...compared("nodeMicros"), ...compared("redisMicros"), ...perSecond];
}
