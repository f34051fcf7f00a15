// What `npm run bench` compares: rows of data, read by bench.mjs.

/**
 * One way to ask one server. Rows with the same `server` and the same `instance` share a process.
 * @typedef {{
 *   name: string,
 *   server: "plain" | "native" | "grpc-js" | "redis",
 *   instance?: string,
 *   connections: number, streams: number,
 *   requests: import("./load.mjs").Requests,
 *   expects: Expectation,
 * }} Case
 */
/** @typedef {"ok" | "overLimit"} Expectation what every answer has to be */

/** The row that all others are given as a ratio of. */
export const REFERENCE = "weir grpc-js memory/1";

/** 200 calls at a time, whatever the row; the last ones nearly. */
const FOUR = { connections: 4, streams: 50 };
const ONE = { connections: 1, streams: 50 };
const MANY = { connections: 64, streams: 3 };

const KEYS = 10_000;
/** 10,000 clients, and for a second descriptor 1,000 paths. */
const one = { key: "client", keys: KEYS, descriptors: 1 };
const two = { key: "client", keys: KEYS, descriptors: 2 };
const single = { key: "open", keys: 1, descriptors: 1 };
const hot = { key: "hot", keys: 1, descriptors: 1 };
const wide = { key: "wide", keys: 100_000, descriptors: 1 };
const expects = /** @type {const} */ ("ok");

/** @type {readonly Case[]} */
export const CASES = [
  { name: "grpc-js answering OK", server: "plain", ...FOUR, requests: one, expects },
  { name: REFERENCE, server: "grpc-js", ...FOUR, requests: one, expects },
  { name: "weir memory/1", server: "native", ...FOUR, requests: one, expects },
  { name: "weir memory/2", server: "native", ...FOUR, requests: two, expects },
  { name: "weir memory/1, 1 connection", server: "native", ...ONE, requests: one, expects },
  { name: "weir memory/1, 64 connections", server: "native", ...MANY, requests: one, expects },
  { name: "weir memory/1, hot refused key", server: "native", ...FOUR, requests: hot, expects: "overLimit" },
  // Its own process, so that its buckets do not weigh on the other rows.
  { name: "weir memory/1, 100000 keys", server: "native", instance: "wide", ...FOUR, requests: wide, expects },
  { name: "weir redis/1", server: "redis", ...FOUR, requests: one, expects },
  { name: "weir redis/2", server: "redis", ...FOUR, requests: two, expects },
  { name: "weir redis/1, hot key", server: "redis", ...FOUR, requests: single, expects },
  { name: "weir redis/1, hot refused key", server: "redis", ...FOUR, requests: hot, expects: "overLimit" },
];

/**
 * The rows of a server that someone else started.
 * @param {string} name
 */
export function peerCases(name) {
  return [one, two].map((requests) => ({ name: `${name}/${requests.descriptors}`, ...FOUR, requests, expects }));
}
