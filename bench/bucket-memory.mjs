import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { tableOf } from "./report.mjs";

const BUCKETS = 50_000;
const WARM_UP_BUCKETS = 1_000;
const PERIOD_MICROS = 3_600_000_000;
/** Of a sliding window: a sixtieth of its period. */
const SLOT_MICROS = PERIOD_MICROS / 60;
const START_MICROS = 1_000 * PERIOD_MICROS;

/** @typedef {import("../src/limits/limit.js").Algorithm} Algorithm */
/** @typedef {{ name: string, algorithm: Algorithm, keyLength: number, slots: number }} Kind what a bucket is, and in how many slots it counts something */

/** @type {readonly Kind[]} */
const KINDS = [
  { name: "token bucket, key of 50 characters", algorithm: "token_bucket", keyLength: 50, slots: 1 },
  { name: "token bucket, key of 500 characters", algorithm: "token_bucket", keyLength: 500, slots: 1 },
  { name: "fixed window, key of 50 characters", algorithm: "fixed_window", keyLength: 50, slots: 1 },
  { name: "sliding window, 1 of 60 slots used", algorithm: "sliding_window", keyLength: 50, slots: 1 },
  { name: "sliding window, 60 of 60 slots used", algorithm: "sliding_window", keyLength: 50, slots: 60 },
];

/**
 * A string as the server makes it of what came over the network: a byte for each character.
 * @param {number} index
 * @param {number} length
 */
function keyOf(index, length) {
  return Buffer.from(`1|bench|client=${index}`.padEnd(length, "x")).toString("latin1");
}

/**
 * Bytes that a bucket of this kind takes, once garbage is collected.
 * @param {Kind} kind
 * @param {typeof import("../src/stores/memory/memory-store.js").MemoryStore} MemoryStore
 * @param {() => void} collect
 * @param {number} buckets how many of them are weighed
 */
function bytesOf({ algorithm, keyLength, slots }, MemoryStore, collect, buckets = BUCKETS) {
  let nowMicros = START_MICROS;
  const store = new MemoryStore({ nowMicros: () => nowMicros, maxBuckets: buckets });
  const limit = { algorithm, tokensPerPeriod: 1_000, periodMicros: PERIOD_MICROS, burst: 1_000, maxDebt: 0 };
  collect();
  const before = process.memoryUsage().heapUsed;
  for (let slot = 0; slot < slots; slot++) {
    for (let index = 0; index < buckets; index++) {
      store.decide([{ key: keyOf(index, keyLength), limit, role: "enforced", action: "take", hits: 1 }]);
    }
    nowMicros += SLOT_MICROS;
  }
  collect();
  const bytes = (process.memoryUsage().heapUsed - before) / buckets;
  if (store.size !== buckets) throw new Error(`${store.size} of ${buckets} buckets are kept`);
  return bytes;
}

/** Prints what a bucket takes of the memory store, by what it is. In the benchmark's own process, with a clock of its own. */
export async function measureBucketMemory() {
  const file = resolve(import.meta.dirname, "../dist/stores/memory/memory-store.js");
  /** @type {typeof import("../src/stores/memory/memory-store.js")} */
  const { MemoryStore } = await import(pathToFileURL(file).href);
  setFlagsFromString("--expose-gc");
  /** @type {() => void} */
  const collect = runInNewContext("gc");
  // What the code itself takes once it is compiled is there before the first weighing.
  for (const kind of KINDS) bytesOf(kind, MemoryStore, collect, WARM_UP_BUCKETS);
  const lines = KINDS.map((kind) => [kind.name, bytesOf(kind, MemoryStore, collect).toFixed(0)]);
  console.log(`\nHeap that a bucket of the memory store takes, of ${BUCKETS} of them:`);
  console.log(tableOf([["", "bytes"], ...lines]));
}
