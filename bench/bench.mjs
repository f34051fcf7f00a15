// npm run bench: requests a second, CPU a request and times of answers, of Weir and of what it is compared with; then
// reloads, memory, calls to Redis and matching. One server on one core; Redis and the load on the other. Rows take turns, so that a
// busy moment of the machine does not hit one of them alone. See USAGE in options.mjs and docs/benchmarks.md.
import { loadavg } from "node:os";
import { measureBucketMemory } from "./bucket-memory.mjs";
import { REFERENCE } from "./cases.mjs";
import { measureGroupCommit } from "./group-commit.mjs";
import { load, requestFrames } from "./load.mjs";
import { measureMatching } from "./matching.mjs";
import { measureMemoryUse } from "./memory-use.mjs";
import { readOptions, USAGE, UsageError } from "./options.mjs";
import { cpuSeconds } from "./process-cpu.mjs";
import { measureReloads } from "./reload.mjs";
import { best, calmest, table } from "./report.mjs";
import { isWanted, startRows } from "./rows.mjs";
import { pinLoad, Servers } from "./servers.mjs";

/** @typedef {ReturnType<typeof readOptions>} Options */
/** @typedef {import("./report.mjs").Measured} Measured */
/** @typedef {import("./rows.mjs").Row} Row */

const WARM_UP_SECONDS = 1;
const PACED_ROUNDS = 2;

/** @returns {Measured[]} */
const noRuns = () => [];

/**
 * @param {Row} row
 * @param {readonly Buffer[]} frames
 * @param {{ seconds: number, rate?: number }} how
 * @returns {Promise<Measured>}
 */
async function measure(row, frames, how) {
  const used = () => [row.pid, row.redisPid].map((pid) => (pid === undefined ? undefined : cpuSeconds(pid)));
  const before = used();
  const { tally, seconds } = await load(row, frames, how);
  const [serverMicros, redisMicros] = used().map((after, index) => {
    const start = before[index];
    return after === undefined || start === undefined ? undefined : ((after - start) * 1e6) / tally.answered;
  });
  return { requestsPerSecond: tally.answered / seconds, serverMicros, redisMicros, tally };
}

/**
 * @param {Row} row
 * @param {readonly Measured[]} runs
 */
function wrongAnswers({ expects }, runs) {
  const answersOf = (/** @type {Measured} */ { tally }) => tally.answered - tally[expects];
  return runs.reduce((sum, run) => sum + answersOf(run), 0);
}

/**
 * @param {readonly Row[]} rows
 * @param {Options} options
 */
async function run(rows, { seconds, rounds, rate }) {
  const asked = rows.map((row) => ({ row, frames: requestFrames(row.requests), runs: noRuns(), paced: noRuns() }));
  for (const { row, frames } of asked) await measure(row, frames, { seconds: Math.min(seconds, WARM_UP_SECONDS) });
  for (let round = 0; round < rounds; round++) {
    for (const { row, frames, runs } of asked) runs.push(await measure(row, frames, { seconds }));
  }
  for (let round = 0; round < Math.min(rounds, PACED_ROUNDS); round++) {
    for (const { row, frames, paced } of asked) paced.push(await measure(row, frames, { seconds, rate }));
  }
  const results = asked.map(({ row, runs, paced }) => {
    const wrong = wrongAnswers(row, [...runs, ...paced]);
    return { name: row.name, full: best(runs), paced: calmest(paced), wrong };
  });
  console.log(`\nLeft of the bar as fast as it can, best of ${rounds}; ratios are of "${REFERENCE}".`);
  console.log(
    `Right of it at an even ${rate} requests a second, times from when each was due, calmest of ${Math.min(rounds, PACED_ROUNDS)}.\n`,
  );
  console.log(table(results, REFERENCE));
  return results.reduce((sum, { wrong }) => sum + wrong, 0);
}

/**
 * @param {Row[]} rows
 * @param {Options} options
 * @param {boolean} pinned
 */
async function compare(rows, options, pinned) {
  const total =
    rows.length *
    (Math.min(options.seconds, WARM_UP_SECONDS) +
      options.seconds * (options.rounds + Math.min(options.rounds, PACED_ROUNDS)));
  console.log(
    `${rows.length} rows, about ${Math.ceil(total)} s; ${pinned ? "server on one core, Redis and load on another" : "no core to itself for anyone: read with care"}; ` +
      `load of the machine before: ${loadavg()[0]?.toFixed(1)}`,
  );
  const wrong = await run(rows, options);
  if (wrong > 0) {
    console.error(`\n${wrong} answers were refusals or errors where none were expected, or passed where none should;`);
    console.error("such answers cost less or more than others: do not compare");
    process.exitCode = 1;
  }
}

/** @param {Options} options */
async function main(options) {
  const servers = new Servers();
  process.once("exit", () => servers.stop());
  for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM"])) process.once(signal, () => process.exit(1));

  const pinned = pinLoad();
  const parts = [
    { name: "weir reload", measure: () => measureReloads(servers, options) },
    { name: "bucket-memory", measure: () => measureBucketMemory() },
    { name: "memory-use", measure: () => measureMemoryUse(servers) },
    { name: "group-commit", measure: () => measureGroupCommit(servers, options) },
    { name: "matching", measure: () => measureMatching() },
  ].filter(({ name }) => isWanted(options.only, name));
  const rows = await startRows(options, servers);
  if (rows.length === 0 && parts.length === 0) throw new UsageError("--only leaves no row");
  if (rows.length > 0) await compare(rows, options, pinned);
  for (const part of parts) await part.measure();
}

try {
  const options = readOptions(process.argv.slice(2));
  if (options.help) console.log(USAGE);
  else await main(options);
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  console.error(`${error.message}\n\n${USAGE}`);
  process.exitCode = 2;
}
// The servers end with this process (see main), which has nothing more to wait for.
process.exit();
