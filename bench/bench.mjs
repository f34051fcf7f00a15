// npm run bench: requests a second, CPU a request and times of answers, of Weir and of what it is compared with.
// One server on one core; Redis and the load on the other. Rows take turns, so that a busy moment of the machine does
// not hit one of them alone. See USAGE in options.mjs.
import { loadavg } from "node:os";
import { CONNECTIONS, load, requestFrames, STREAMS } from "./load.mjs";
import { readOptions, USAGE, UsageError } from "./options.mjs";
import { cpuSeconds, listenerPid } from "./process-cpu.mjs";
import { measureReloads } from "./reload.mjs";
import { best, table } from "./report.mjs";
import { pinLoad, Servers } from "./servers.mjs";

/** @typedef {ReturnType<typeof readOptions>} Options */
/** @typedef {import("./report.mjs").Measured} Measured */

/**
 * One server and one kind of request.
 * @typedef {{
 *   name: string, host: string, port: number, descriptors: number,
 *   pid?: number | undefined, redisPid?: number | undefined,
 * }} Row
 */

const WARM_UP_SECONDS = 1;
const HOST = "127.0.0.1";

/**
 * A row for each number of descriptors, if it is wanted.
 * @param {Options} options
 * @param {string} name
 */
function wantedDescriptors({ only }, name) {
  const wanted = [1, 2].filter((descriptors) => {
    const rowName = `${name}/${descriptors}`;
    return only.length === 0 || only.some((word) => rowName.includes(word));
  });
  return wanted.map((descriptors) => ({ name: `${name}/${descriptors}`, host: HOST, descriptors }));
}

/**
 * Starts the servers that the wanted rows need.
 * @param {Options} options
 * @param {Servers} servers
 * @returns {Promise<Row[]>}
 */
async function startRows(options, servers) {
  /** @type {Row[]} */
  const rows = [];
  const plain = wantedDescriptors(options, "grpc-js answering OK").slice(0, 1);
  if (plain.length > 0) {
    const running = await servers.plain();
    rows.push(...plain.map((row) => ({ ...row, ...running })));
  }
  const memory = wantedDescriptors(options, "weir memory");
  if (memory.length > 0) {
    const running = await servers.weir({ WEIR_STORE: "memory" });
    rows.push(...memory.map((row) => ({ ...row, ...running })));
  }
  const redis = wantedDescriptors(options, "weir redis");
  if (redis.length > 0) {
    const { port, pid: redisPid } = await servers.redis();
    const running = await servers.weir({ WEIR_STORE: "redis", WEIR_REDIS_URL: `redis://${HOST}:${port}` });
    rows.push(...redis.map((row) => ({ ...row, ...running, redisPid })));
  }
  for (const { name, host, port } of options.peers) {
    const pid = listenerPid(port);
    rows.push(...wantedDescriptors(options, name).map((row) => ({ ...row, host, port, pid })));
  }
  return rows;
}

/**
 * @param {Row} row
 * @param {{ seconds: number, rate?: number }} how
 * @returns {Promise<Measured>}
 */
async function measure(row, how) {
  const frames = requestFrames(row.descriptors);
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
 * @param {readonly Row[]} rows
 * @param {Options} options
 */
async function run(rows, { seconds, rounds, rate }) {
  for (const row of rows) await measure(row, { seconds: Math.min(seconds, WARM_UP_SECONDS) });
  /** @type {Measured[][]} */
  const runs = rows.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (const [index, row] of rows.entries()) runs[index]?.push(await measure(row, { seconds }));
  }
  const full = rows.map(({ name }, index) => ({ name, measured: best(runs[index] ?? []) }));
  console.log(`\nAs fast as it can, ${CONNECTIONS} connections x ${STREAMS} calls, best of ${rounds}:\n${table(full)}`);

  const paced = [];
  for (const row of rows) paced.push({ name: row.name, measured: await measure(row, { seconds, rate }) });
  console.log(`\nAt an even ${rate} requests a second, times from when each was due:\n${table(paced)}`);
  return [...runs.flat(), ...paced.map(({ measured }) => measured)];
}

/** @param {Options} options */
async function main(options) {
  const servers = new Servers();
  process.once("exit", () => servers.stop());
  for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM"])) process.once(signal, () => process.exit(1));

  const pinned = pinLoad();
  const rows = await startRows(options, servers);
  const reload = options.only.length === 0 || options.only.some((word) => "weir reload".includes(word));
  if (rows.length === 0 && !reload) throw new UsageError("--only leaves no row");
  if (rows.length > 0) await compare(rows, options, pinned);
  if (reload) await measureReloads(servers, options);
}

/**
 * @param {Row[]} rows
 * @param {Options} options
 * @param {boolean} pinned
 */
async function compare(rows, options, pinned) {
  const total = rows.length * (Math.min(options.seconds, WARM_UP_SECONDS) + options.seconds * (options.rounds + 1));
  console.log(
    `${rows.length} rows, about ${Math.ceil(total)} s; ${pinned ? "server on one core, Redis and load on another" : "no core to itself for anyone: read with care"}; ` +
      `load of the machine before: ${loadavg()[0]?.toFixed(1)}`,
  );
  const measured = await run(rows, options);
  const wrong = measured.reduce((sum, { tally }) => sum + tally.failed + tally.overLimit, 0);
  if (wrong > 0) {
    console.error(`\n${wrong} answers were refusals or errors, which cost less or more than others: do not compare`);
    process.exitCode = 1;
  }
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
