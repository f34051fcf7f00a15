import { readFileSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Worker } from "node:worker_threads";
import type { GrpcServerOptions } from "../../../src/grpc-server/options.js";
import { grpcMessage, unaryCall } from "../grpc/messages.js";
import { windowUpdate } from "../h2/frames.js";
import { RawClient } from "../h2/raw-client.js";
import { FUZZ_PATHS } from "./fuzz-conversation.js";
import { makeConversation, roundOverSocket, roundOverWire } from "./fuzz-round.js";
import { FuzzedServer } from "./fuzzed-server.js";
import { SeededRandom } from "./seeded-random.js";

export interface FuzzOptions {
  readonly seed: number;
  /** How long, milliseconds. */
  readonly millis: number;
  /** Only this round, to see it again. */
  readonly onlyRound?: number | undefined;
  readonly say: (words: string) => void;
}

export interface FuzzResult {
  readonly rounds: number;
  readonly kinds: Readonly<Record<string, number>>;
  /** Connections ended for a fault, by code, of all servers. */
  readonly connectionErrors: Readonly<Record<string, number>>;
  readonly callsAnswered: number;
}

/** Limits so low that they are all met with, beside the default ones. */
const TIGHT: GrpcServerOptions = {
  h2: {
    maxConcurrentStreams: 5,
    maxAbandonedStreams: 3,
    maxHeaderListBytes: 1_000,
    maxUnsentBytes: 3_000,
    maxQueuedBytes: 5_000,
    slowReaderMillis: 10,
    prefaceMillis: 20,
    frameMillis: 10,
    requestMillis: 10,
    settingsAckMillis: 10,
    keepaliveMillis: 5,
    keepaliveTimeoutMillis: 5,
    maxAgeMillis: 30,
    maxAgeGraceMillis: 5,
    drainRoundTripMillis: 3,
    lingerMillis: 5,
    overheadBurst: 20,
    quickResetBurst: 5,
  },
  server: { maxMessageBytes: 1_000, maxPartialBytes: 2_000, maxPartialBytesPerConnection: 1_000, sweepMillis: 2 },
};

const ROUNDS_BETWEEN_LOOKS = 200;
const MAX_ROUND_MILLIS = 5_000;
const HANG_MILLIS = 30_000;
/** What memory may grow by after the first looks, bytes. */
const MAX_GROWTH = 40e6;
const LOOKS_TO_WARM_UP = 5;

const RECORDED = [envoyRecording()];

function envoyRecording(): Buffer {
  const file = new URL("../../proof/envoy-recording.json", import.meta.url);
  return Buffer.from((JSON.parse(readFileSync(file, "utf8")) as { bytes: string[] }).bytes.join(""), "base64");
}

/** Talks to servers in all wrong ways. @throws Error that names the seed and the round, with what went wrong as its cause */
export async function fuzz({ seed, millis, onlyRound, say }: FuzzOptions): Promise<FuzzResult> {
  const servers = [await FuzzedServer.start({}), await FuzzedServer.start(TIGHT)] as const;
  const bystander = await Bystander.at(servers[0].port);
  const watchdog = new Watchdog(seed);
  const memory = new MemoryWatch();
  const kinds: Record<string, number> = {};
  const end = performance.now() + millis;
  let round = onlyRound ?? 0;
  try {
    do {
      watchdog.beat(round);
      const random = SeededRandom.of(seed, round);
      const begun = performance.now();
      const talk = makeConversation(random, RECORDED);
      kinds[talk.kind] = (kinds[talk.kind] ?? 0) + 1;
      const fuzzed = talk.kind === "honest" || random.chance(0.6) ? servers[0] : servers[1];
      await (random.chance(0.95) ? roundOverWire : roundOverSocket)(random, fuzzed, talk);
      const took = performance.now() - begun;
      if (took > MAX_ROUND_MILLIS) throw new Error(`it took ${Math.round(took)} ms`);
      if (round % ROUNDS_BETWEEN_LOOKS === 0) {
        await bystander.call();
        memory.look(say);
      }
      round += 1;
    } while (performance.now() < end && onlyRound === undefined);
    await bystander.call();
  } catch (cause) {
    throw new Error(`seed ${seed}, round ${round}: ${String(cause)}`, { cause });
  } finally {
    watchdog.stop();
    await bystander.close();
    for (const { server } of servers) await server.shutdown(0);
  }
  const connectionErrors: Record<string, number> = {};
  for (const { server } of servers) {
    for (const [name, count] of Object.entries(server.counters.h2.connectionErrors)) {
      connectionErrors[name] = (connectionErrors[name] ?? 0) + count;
    }
  }
  const callsAnswered = servers.reduce((sum, { server }) => sum + (server.counters.calls.statuses[0] ?? 0), 0);
  return { rounds: round, kinds, connectionErrors, callsAnswered };
}

/** Another client of the same server, which expects its answers all the while. */
class Bystander {
  readonly #client: RawClient;
  #nextId = 1;

  private constructor(client: RawClient) {
    this.#client = client;
  }

  static async at(port: number): Promise<Bystander> {
    const client = await RawClient.open(port);
    client.send(windowUpdate(0, 2 ** 31 - 1 - 65_535));
    return new Bystander(client);
  }

  async call(): Promise<void> {
    const id = this.#nextId;
    this.#nextId += 2;
    const text = `call ${id}`;
    this.#client.send(unaryCall(id, FUZZ_PATHS.echo, text));
    const { body } = await this.#client.answer(id);
    if (!body.equals(grpcMessage(text))) throw new Error(`the bystander got "${body}" in place of its "${text}"`);
    this.#client.frames.length = 0;
  }

  close(): Promise<void> {
    return this.#client.close();
  }
}

/** Ends the process when a round never ends, which nothing in its own thread could do. */
class Watchdog {
  readonly #beats = new Int32Array(new SharedArrayBuffer(4));
  readonly #worker: Worker;

  constructor(seed: number) {
    const code = `
      const { workerData: { beats, seed, millis } } = require("node:worker_threads");
      const { writeSync } = require("node:fs");
      let last = -1;
      setInterval(() => {
        const round = Atomics.load(beats, 0);
        if (round === last) {
          writeSync(2, "fuzz: seed " + seed + ", round " + round + " does not end\\n");
          process.kill(process.pid, "SIGKILL");
        }
        last = round;
      }, millis);`;
    this.#worker = new Worker(code, { eval: true, workerData: { beats: this.#beats, seed, millis: HANG_MILLIS } });
  }

  beat(round: number): void {
    Atomics.store(this.#beats, 0, round);
  }

  stop(): void {
    void this.#worker.terminate();
  }
}

/** Sees to it that memory does not grow. */
class MemoryWatch {
  readonly #collect: () => void;
  #looks = 0;
  #smallest = Number.POSITIVE_INFINITY;

  constructor() {
    setFlagsFromString("--expose-gc");
    this.#collect = runInNewContext("gc") as () => void;
  }

  look(say: (words: string) => void): void {
    this.#collect();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    const used = heapUsed + arrayBuffers;
    this.#looks += 1;
    if (this.#looks % 50 === 0)
      say(`${this.#looks * ROUNDS_BETWEEN_LOOKS} rounds, ${Math.round(used / 1e6)} MB in use`);
    if (this.#looks <= LOOKS_TO_WARM_UP) this.#smallest = Math.min(this.#smallest, used);
    else if (used - this.#smallest > MAX_GROWTH) throw new Error(`memory has grown from ${this.#smallest} to ${used}`);
  }
}
