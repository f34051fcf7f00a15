// Loaded into a server under test by `node --import`: measures how long its main thread keeps others waiting.
// On SIGUSR2 it writes what was longest since the last time, in milliseconds, to the file BENCH_LOOP_DELAY, and starts
// anew.
import { renameSync, writeFileSync } from "node:fs";
import { PerformanceObserver, performance } from "node:perf_hooks";
import { isMainThread } from "node:worker_threads";

const TICK_MS = 1;
const file = process.env.BENCH_LOOP_DELAY;

/** @typedef {{ longestDelay: number, longestGc: number }} LoopDelay */

/** @type {LoopDelay} */
let seen = { longestDelay: 0, longestGc: 0 };

if (isMainThread && file !== undefined) {
  let last = performance.now();
  setInterval(() => {
    const now = performance.now();
    seen.longestDelay = Math.max(seen.longestDelay, now - last - TICK_MS);
    last = now;
  }, TICK_MS).unref();
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) seen.longestGc = Math.max(seen.longestGc, duration);
  }).observe({ entryTypes: ["gc"] });
  process.on("SIGUSR2", () => {
    writeFileSync(`${file}.new`, JSON.stringify(seen));
    renameSync(`${file}.new`, file);
    seen = { longestDelay: 0, longestGc: 0 };
  });
}
