import { performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";
import { requestFrame } from "./frames.mjs";
import { Histogram } from "./histogram.mjs";
import { LoadConnection } from "./load-connection.mjs";
import { encodeRequest } from "./rate-limit-message.mjs";

export const CONNECTIONS = 4;
export const STREAMS = 50;
const CLIENTS = 10_000;
const PATHS = 1_000;
const DRAIN_MS = 2_000;
const TICK_MS = 1;

/** @typedef {import("./load-connection.mjs").Answer} Answer */

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
 * Requests to take turns: 10,000 clients, and for a second descriptor 1,000 paths.
 * @param {number} descriptors 1 or 2
 */
export function requestFrames(descriptors) {
  return Array.from({ length: CLIENTS }, (_, index) => {
    // A step without a common divisor mixes the order, so that neighbours do not share a path.
    const client = (index * 7919) % CLIENTS;
    const all = /** @type {const} */ ([
      ["client", `203.0.113.${client}`],
      ["path", `/api/v1/things/${client % PATHS}`],
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

  /** @param {{ host: string, port: number }} address */
  async connect(address) {
    const open = () =>
      LoadConnection.open(address, STREAMS, (answer, connection) => this.#answered(answer, connection));
    this.#connections = await Promise.all(Array.from({ length: CONNECTIONS }, open));
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
        for (let stream = 0; stream < STREAMS; stream++) this.#ask(connection, performance.now());
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
    const gap = 1000 / rate;
    let due = this.#startedAt;
    while (due < this.#endsAt) {
      const now = performance.now();
      for (let index = 0; due <= now && due < this.#endsAt; due += gap, index++) {
        const connection = this.#connections[index % this.#connections.length];
        if (connection !== undefined) this.#ask(connection, due);
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
 * Asks a server for so long, over 4 connections with up to 50 calls each. Without `rate` each answer is followed by
 * the next request, as fast as the server can. With it requests come evenly, so many a second over all connections,
 * and an answer's time counts from when its request was due, not from when it could be sent.
 * @param {{ host: string, port: number }} address
 * @param {readonly Buffer[]} frames from requestFrames
 * @param {{ seconds: number, rate?: number | undefined }} how
 * @returns {Promise<{ tally: Tally, seconds: number }>} `seconds` from the first request to the last answer
 */
export async function load(address, frames, { seconds, rate }) {
  const run = new LoadRun(frames, rate === undefined);
  try {
    await run.connect(address);
    return { seconds: await run.run(seconds, rate ?? 0), tally: run.tally };
  } finally {
    run.close();
  }
}
