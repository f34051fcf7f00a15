/**
 * What one run of one row measured. CPU is in microseconds a request, undefined where there is no such process.
 * @typedef {{
 *   requestsPerSecond: number, serverMicros: number | undefined, redisMicros: number | undefined,
 *   tally: import("./load.mjs").Tally,
 * }} Measured
 */

/** What Envoy waits by default, in milliseconds; a later answer lets the request through unlimited. */
const ENVOY_WAITS_MS = 20;

const HEAD = ["server", "req/s", "CPU us/req", "Redis us/req", "p50 ms", "p99 ms", "p999 ms", ">20 ms"];
const COUNTS = ["ok", "over limit", "failed"];

/** @param {number | undefined} value */
const micros = (value) => (value === undefined ? "-" : value.toFixed(1));

/**
 * @param {string} name
 * @param {Measured} measured
 */
function cells(name, { requestsPerSecond, serverMicros, redisMicros, tally }) {
  const quantiles = [0.5, 0.99, 0.999].map((share) => tally.times.quantile(share).toFixed(2));
  const late = `${(tally.times.shareFrom(ENVOY_WAITS_MS) * 100).toFixed(2)}%`;
  const counts = [tally.ok, tally.overLimit, tally.failed].map(String);
  return [name, requestsPerSecond.toFixed(0), micros(serverMicros), micros(redisMicros), ...quantiles, late, ...counts];
}

/**
 * The best of several runs: the most requests a second with the times of that run, and the least CPU of any run, since
 * whatever else ran on the machine only ever added to it.
 * @param {readonly Measured[]} runs at least one
 */
export function best(runs) {
  const fastest = runs.reduce((a, b) => (b.requestsPerSecond > a.requestsPerSecond ? b : a));
  /** @param {(number | undefined)[]} values */
  const least = (values) => (values.includes(undefined) ? undefined : Math.min(...values.map(Number)));
  return {
    ...fastest,
    serverMicros: least(runs.map((run) => run.serverMicros)),
    redisMicros: least(runs.map((run) => run.redisMicros)),
  };
}

/** @param {readonly { name: string, measured: Measured }[]} rows */
export function table(rows) {
  return tableOf([[...HEAD, ...COUNTS], ...rows.map(({ name, measured }) => cells(name, measured))]);
}

/**
 * A table of text, all but the first column to the right.
 * @param {readonly (readonly string[])[]} lines
 */
export function tableOf(lines) {
  const widths = (lines[0] ?? []).map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  return lines
    .map((line) =>
      line.map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0))),
    )
    .map((line) => line.join("  ").trimEnd())
    .join("\n");
}
