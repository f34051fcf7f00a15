import { type ServiceError, status } from "@grpc/grpc-js";
import { GrpcClient } from "../grpc-client.js";
import { readAnswer } from "./answer.js";
import type { Offer } from "./buckets.js";
import { runDelayMillis } from "./run-delay.js";

/**
 * How a call ended.
 * - admitted, refused: the store decided.
 * - failed: D13 decided.
 * - broken: neither, which must not happen.
 */
export type Result = "admitted" | "refused" | "failed" | "broken";

/** One call of the load. Times are of performance.now(). */
export interface Call {
  readonly offer: Offer;
  readonly sentMillis: number;
  readonly answeredMillis: number;
  /** How long it took, less the time in which this very process stood still, or Weir had no processor to run on. */
  readonly tookMillis: number;
  readonly result: Result;
  /** What the error said, if it was one. */
  readonly words: string;
}

/** What takes the load. */
export interface LoadedWeir {
  readonly grpcPort: number;
  readonly pid: number;
}

/** No call may wait that long: one that does is seen as broken. */
const PARKED_MILLIS = 5_000;

const TICK_MILLIS = 5;
/** A tick that comes so much later than it should tells of a process that stood still. */
const STALL_MILLIS = 15;

/** Calls at a steady rate, whether those before were answered or not. */
export class OpenLoop {
  readonly calls: Call[] = [];
  readonly #clients: readonly GrpcClient[];
  readonly #pids: readonly number[];
  readonly #next: (index: number) => Offer;
  readonly #perSecond: number;
  readonly #open = new Set<Promise<void>>();
  #sent = 0;
  #startedMillis = 0;
  #lastTickMillis = 0;
  #stalledMillis = 0;
  #timer: NodeJS.Timeout | undefined;
  #ended: Promise<void> | undefined;

  /** @param weirs calls go to them in turn */
  constructor(weirs: readonly LoadedWeir[], perSecond: number, next: (index: number) => Offer) {
    this.#clients = weirs.map(({ grpcPort }) => new GrpcClient(grpcPort));
    this.#pids = weirs.map(({ pid }) => pid);
    this.#perSecond = perSecond;
    this.#next = next;
  }

  get sent(): number {
    return this.#sent;
  }

  /** Calls that are not answered yet. */
  get open(): number {
    return this.#open.size;
  }

  /** To be stopped also by a test that fails: what it sends to would end before it. */
  start(): void {
    this.#startedMillis = performance.now();
    this.#lastTickMillis = this.#startedMillis;
    this.#timer = setInterval(() => this.#tick(), TICK_MILLIS);
  }

  /** Sends no more, and waits for all answers. May be called again. */
  stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#ended ??= this.#end();
    return this.#ended;
  }

  async #end(): Promise<void> {
    await Promise.all(this.#open);
    for (const client of this.#clients) client.close();
  }

  #tick(): void {
    const now = performance.now();
    const missed = now - this.#lastTickMillis - TICK_MILLIS;
    if (missed > STALL_MILLIS) this.#stalledMillis += missed;
    this.#lastTickMillis = now;
    const due = Math.floor(((now - this.#startedMillis) / 1000) * this.#perSecond);
    // After a stall of our own what was missed is not made up for at once: no client would do so.
    const most = this.#sent + Math.ceil((this.#perSecond * 4 * TICK_MILLIS) / 1000);
    while (this.#sent < Math.min(due, most)) this.#send();
    if (due > most) this.#startedMillis += ((due - most) / this.#perSecond) * 1000;
  }

  #send(): void {
    const index = this.#sent++;
    const offer = this.#next(index);
    const client = this.#clients[index % this.#clients.length]!;
    const sentMillis = performance.now();
    const pid = this.#pids[index % this.#pids.length]!;
    const stalledBefore = this.#stalledMillis;
    const delayBefore = runDelayMillis(pid) ?? 0;
    const ended = (result: Result, words = ""): void => {
      const answeredMillis = performance.now();
      // The tick that would have told of the present stall has not come yet.
      const present = Math.max(0, answeredMillis - this.#lastTickMillis - TICK_MILLIS - STALL_MILLIS);
      const stalled = this.#stalledMillis - stalledBefore + present;
      // A program that has ended waited for nothing.
      const delayed = (runDelayMillis(pid) ?? delayBefore) - delayBefore;
      const tookMillis = answeredMillis - sentMillis - stalled - delayed;
      this.calls.push({ offer, sentMillis, answeredMillis, tookMillis, result, words });
    };
    const call = client.shouldRateLimitBytes(offer.request, { deadline: Date.now() + PARKED_MILLIS }).then(
      (bytes) => {
        const { isAdmitted, isDecided } = readAnswer(bytes);
        if (isDecided) ended(isAdmitted ? "admitted" : "refused");
        else ended("failed");
      },
      (error: ServiceError) => ended(isStoreFailure(error) ? "failed" : "broken", error.message),
    );
    this.#open.add(call);
    void call.then(() => this.#open.delete(call));
  }
}

/** Whether this is how `error` tells of a failed store (D13). */
function isStoreFailure(error: ServiceError): boolean {
  return error.code === status.UNAVAILABLE && error.details.includes("the redis store failed");
}
