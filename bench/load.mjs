import { performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { requestFrame } from "./frames.mjs";
import { Histogram } from "./histogram.mjs";
import { LoadConnection } from "./load-connection.mjs";
import { encodeRequest } from "./rate-limit-message.mjs";

const PATHS = 1_000;
const DRAIN_MS = 2_000;
const TICK_MS = 1;

/** @typedef {import("./load-connection.mjs").Answer} Answer */
/**
 * What is asked: the key of the first descriptor, how many values it takes in turn, and 1 or 2 descriptors.
 * @typedef {{ key: string, keys: number, descriptors: number }} Requests
 */
/** @typedef {{ host: string, port: number, connections: number, streams: number }} Target */

/** What a load counted. `failed` were answered by a gRPC error or a reset, or not at all. */
export class Tally {
  ok = 0;
  overLimit = 0;
  failed = 0;
  times = new Histogram();

  /**
   * @param {Answer} answer
   * @param {number} now of performance.now()
   */
  count(answer, now) {
    if (answer.status !== 0 || answer.code === 0) this.failed++;
    else if (answer.code === 1) this.ok++;
    else this.overLimit++;
    this.times.record(now - answer.askedAt);
  }

  get answered() {
    return this.ok + this.overLimit + this.failed;
  }
}

/**
 * Requests to take turns: so many values of a key, and for a second descriptor 1,000 paths.
 * @param {Requests} requests
 */
export function requestFrames({ key, keys, descriptors }) {
  return Array.from({ length: keys }, (_, index) => {
    // A step without a common divisor mixes the order, so that neighbours do not share a path.
    const value = (index * 7919) % keys;
    const all = /** @type {const} */ ([
      [key, `203.0.113.${value}`],
      ["path", `/api/v1/things/${value % PATHS}`],
    ]);
    return requestFrame(encodeRequest("bench", all.slice(0, descriptors)));
  });
}

/** One load on one server, from the first request to the last answer. */
class LoadRun {
  tally = new Tally();
  #frames;
  #next = 0;
  #closedLoop;
  #streams = 0;
  #startedAt = 0;
  #endsAt = 0;
  /** @type {LoadConnection[]} */
  #connections = [];

  /**
   * @param {readonly Buffer[]} frames
   * @param {boolean} closedLoop whether each answer is followed by the next request
   */
  constructor(frames, closedLoop) {
    this.#frames = frames;
    this.#closedLoop = closedLoop;
  }

  /** @param {Target} target */
  async connect({ host, port, connections, streams }) {
    const open = () =>
      LoadConnection.open({ host, port }, streams, (answer, connection) => this.#answered(answer, connection));
    this.#streams = streams;
    this.#connections = await Promise.all(Array.from({ length: connections }, open));
  }

  /**
   * @param {number} seconds
   * @param {number} rate requests a second, where the loop is not closed
   */
  async run(seconds, rate) {
    this.#startedAt = performance.now();
    this.#endsAt = this.#startedAt + seconds * 1000;
    /** @type {Promise<never>} */
    const failure = new Promise((_, reject) => {
      for (const connection of this.#connections) connection.onFailure = reject;
    });
    if (this.#closedLoop) {
      for (const connection of this.#connections) {
        for (let stream = 0; stream < this.#streams; stream++) this.#ask(connection, performance.now());
        connection.flush();
      }
    }
    await Promise.race([failure, this.#closedLoop ? sleep(seconds * 1000) : this.#pace(rate)]);
    await Promise.race([failure, this.#drain()]);
    return (performance.now() - this.#startedAt) / 1000;
  }

  close() {
    for (const connection of this.#connections) connection.close();
  }

  /**
   * @param {LoadConnection} connection
   * @param {number} askedAt
   */
  #ask(connection, askedAt) {
    const data = this.#frames[this.#next++ % this.#frames.length];
    if (data !== undefined) connection.ask(data, askedAt);
  }

  /**
   * @param {Answer} answer
   * @param {LoadConnection} connection
   */
  #answered(answer, connection) {
    const now = performance.now();
    this.tally.count(answer, now);
    if (this.#closedLoop && now < this.#endsAt) this.#ask(connection, now);
  }

  /**
   * Asks evenly. A request that is late since this program was busy is sent at once, and counts from when it was due.
   * @param {number} rate
   */
  async #pace(rate) {
    const all = Math.round(((this.#endsAt - this.#startedAt) / 1000) * rate);
    for (let asked = 0; asked < all; ) {
      const due = Math.floor(((performance.now() - this.#startedAt) / 1000) * rate) + 1;
      for (; asked < Math.min(due, all); asked++) {
        const connection = this.#connections[asked % this.#connections.length];
        if (connection !== undefined) this.#ask(connection, this.#startedAt + (asked / rate) * 1000);
      }
      for (const connection of this.#connections) connection.flush();
      await sleep(TICK_MS);
    }
  }

  /** Waits for the last answers; those that do not come count as failed. */
  async #drain() {
    const outstanding = () => this.#connections.reduce((sum, connection) => sum + connection.outstanding, 0);
    const giveUpAt = performance.now() + DRAIN_MS;
    while (outstanding() > 0 && performance.now() < giveUpAt) await sleep(TICK_MS);
    this.tally.failed += outstanding();
  }
}

/**
 * Asks a server for so long, over so many connections with up to so many calls each. Without `rate` each answer is followed by
 * the next request, as fast as the server can. With it requests come evenly, so many a second over all connections,
 * and an answer's time counts from when its request was due, not from when it could be sent.
 * @param {Target} target
 * @param {readonly Buffer[]} frames from requestFrames
 * @param {{ seconds: number, rate?: number | undefined }} how
 * @returns {Promise<{ tally: Tally, seconds: number }>} `seconds` from the first request to the last answer
 */
export async function load(target, frames, { seconds, rate }) {
  const run = new LoadRun(frames, rate === undefined);
  try {
    await run.connect(target);
    return { seconds: await run.run(seconds, rate ?? 0), tally: run.tally };
  } finally {
    run.close();
  }
}
