// Loaded into a server under test by `node --import`: on SIGUSR2 it collects garbage and writes what memory is left in
// use, in bytes, to the file BENCH_MEMORY.
import { renameSync, writeFileSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { isMainThread } from "node:worker_threads";

const file = process.env.BENCH_MEMORY;

if (isMainThread && file !== undefined) {
  setFlagsFromString("--expose-gc");
  /** @type {() => void} */
  const collect = runInNewContext("gc");
  process.on("SIGUSR2", () => {
    collect();
    const { rss, heapUsed, external } = process.memoryUsage();
    writeFileSync(`${file}.new`, JSON.stringify({ rss, heap: heapUsed + external }));
    renameSync(`${file}.new`, file);
  });
}
