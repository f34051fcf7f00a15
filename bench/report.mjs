/**
 * What one run of one row measured. CPU is in microseconds a request, undefined where there is no such process.
 * @typedef {{
 *   requestsPerSecond: number, serverMicros: number | undefined, redisMicros: number | undefined,
 *   tally: import("./load.mjs").Tally,
 * }} Measured
 */
/**
 * A row of the table: at full load, the best of several runs, and at an even pace.
 * @typedef {{ name: string, full: Measured, paced: Measured, wrong: number }} Result
 */

/** What Envoy waits by default, in milliseconds; a later answer lets the request through unlimited. */
const ENVOY_WAITS_MS = 20;

const LATE = `>${ENVOY_WAITS_MS} ms`;
const FULL = ["req/s", "ratio", "CPU us", "ratio", "Redis us", "p50 ms", "p99 ms"];
const PACED = ["CPU us", "p50 ms", "p99 ms", "p999 ms", LATE, "ok", "over limit", "failed"];

/** @param {number | undefined} value */
const micros = (value) => (value === undefined ? "-" : value.toFixed(1));

/**
 * @param {number | undefined} value
 * @param {number | undefined} reference
 */
const ratio = (value, reference) =>
  value === undefined || reference === undefined ? "-" : (value / reference).toFixed(2);

/**
 * @param {Result} result
 * @param {Result | undefined} reference
 */
function cells({ name, full, paced, wrong }, reference) {
  /** @param {Measured} measured @param {readonly number[]} shares */
  const quantiles = ({ tally }, shares) => shares.map((share) => tally.times.quantile(share).toFixed(2));
  return [
    name,
    full.requestsPerSecond.toFixed(0),
    ratio(full.requestsPerSecond, reference?.full.requestsPerSecond),
    micros(full.serverMicros),
    ratio(full.serverMicros, reference?.full.serverMicros),
    micros(full.redisMicros),
    ...quantiles(full, [0.5, 0.99]),
    "|",
    micros(paced.serverMicros),
    ...quantiles(paced, [0.5, 0.99, 0.999]),
    `${(paced.tally.times.shareFrom(ENVOY_WAITS_MS) * 100).toFixed(2)}%`,
    ...[paced.tally.ok, paced.tally.overLimit, paced.tally.failed].map(String),
    String(wrong),
  ];
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

/**
 * Of several runs at an even pace the one with the lowest p99: whatever else ran on the machine only ever delayed it.
 * @param {readonly Measured[]} runs at least one
 */
export function calmest(runs) {
  /** @param {Measured} run */
  const p99 = ({ tally }) => tally.times.quantile(0.99);
  return runs.reduce((a, b) => (p99(b) < p99(a) ? b : a));
}

/**
 * The one table: left of the bar as fast as it can, right of it at an even pace.
 * @param {readonly Result[]} results
 * @param {string} referenceName the row that the ratios are of
 */
export function table(results, referenceName) {
  const reference = results.find(({ name }) => name === referenceName);
  const head = ["server", ...FULL, "|", ...PACED, "wrong in all"];
  return tableOf([head, ...results.map((result) => cells(result, reference))]);
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
