import { StoreFailure } from "../store.js";
import { type BatchOptions, batchCommand, keyedOf } from "./batch-command.js";
import { readBatchReply } from "./batch-reply.js";
import { CircuitBreaker } from "./circuit-breaker.js";
import { DeadlineTimer } from "./deadline-timer.js";
import { type CallBounds, DecisionQueue } from "./decision-queue.js";
import type { LaneCounts } from "./lane-counts.js";
import type { RedisLink } from "./link/redis-link.js";
import type { LuaScript } from "./lua-script.js";
import { nameBucket } from "./name-bucket.js";
import { notOurReply } from "./not-our-reply.js";
import { PROBE } from "./probe.js";
import { ServerClock } from "./server-clock.js";
import type { WaitingDecision } from "./waiting-decision.js";

export interface LaneOptions extends BatchOptions {
  readonly callBounds: CallBounds;
  /** Calls that wait for their replies, at most: one that Redis runs, and one that is on its way. */
  readonly maxCallsInFlight: number;
  /** Decisions that wait to be sent, at most. */
  readonly maxQueued: number;
  /** A probe that takes longer does not close the breaker. */
  readonly probeTimeoutMillis: number;
}

/** While the slot of a lane moves from one node of a Cluster to another, a call may have one key only. */
const SPLIT_MILLIS = 1_000;
const CALLS_WHILE_SPLIT = 32;

/** A call that waits for its reply. */
interface CallInFlight {
  readonly batch: readonly WaitingDecision[];
  readonly keys: readonly string[];
  /** The latest of its decisions'. */
  readonly deadlineMillis: number;
}

/**
 * Decisions on their way to buckets that one call can reach: group commit. What comes in one turn of the event loop goes
 * together, at once when nothing is in flight, so that an idle server adds no wait; while calls are in flight more gather, so
 * that a busy one makes larger calls by itself.
 */
export class Lane {
  readonly #link: RedisLink;
  readonly #script: LuaScript;
  readonly #options: LaneOptions;
  readonly #counts: LaneCounts;
  readonly #queue = new DecisionQueue();
  readonly #calls = new Set<CallInFlight>();
  readonly #clock = new ServerClock();
  readonly #deadlines = new DeadlineTimer((nowMillis) => this.#expire(nowMillis));
  readonly #breaker = new CircuitBreaker(
    () => this.#probe(),
    () => this.#failQueued(),
  );
  #isScheduled = false;
  #splitUntilMillis = Number.NEGATIVE_INFINITY;

  constructor(link: RedisLink, script: LuaScript, options: LaneOptions, counts: LaneCounts) {
    this.#link = link;
    this.#script = script;
    this.#options = options;
    this.#counts = counts;
  }

  /** Whether calls may have one key only for now. */
  get isSplit(): boolean {
    return performance.now() < this.#splitUntilMillis;
  }

  /** Why decisions fail at once, if they do. */
  get failure(): StoreFailure | undefined {
    const { reason } = this.#breaker;
    if (reason === undefined) return undefined;
    return new StoreFailure("unavailable", `Redis is not asked until it answers again: ${reason}`);
  }

  /** How often that began. */
  get timesBroken(): number {
    return this.#breaker.opened;
  }

  /** How many decisions wait to be sent. */
  get queued(): number {
    return this.#queue.length;
  }

  /** How many calls have no reply yet. */
  get callsInFlight(): number {
    return this.#calls.size;
  }

  submit(decision: WaitingDecision): void {
    const { failure } = this;
    if (failure !== undefined) {
      settle(decision, failure);
    } else if (this.#queue.length >= this.#options.maxQueued) {
      const words = `${this.#options.maxQueued} decisions wait for Redis at ${this.#link.where} already`;
      settle(decision, new StoreFailure("overload", words));
    } else {
      this.#queue.push(decision);
      this.#deadlines.watch(decision.deadlineMillis);
      this.#sendSoon();
    }
  }

  /** Fails what waits; nothing is sent from now on. */
  close(): void {
    this.#deadlines.stop();
    this.#breaker.open("the store is closed");
    this.#breaker.stop();
  }

  #sendSoon(): void {
    if (this.#isScheduled || !this.#hasFreeCall()) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#sendAll();
    });
  }

  #hasFreeCall(): boolean {
    return this.#calls.size < (this.isSplit ? CALLS_WHILE_SPLIT : this.#options.maxCallsInFlight);
  }

  #sendAll(): void {
    while (this.#queue.length > 0 && this.#hasFreeCall()) {
      const { callBounds } = this.#options;
      const bounds = this.isSplit ? { ...callBounds, maxBuckets: 1 } : callBounds;
      const nowMillis = performance.now();
      const batch = this.#queue.takeBatch(bounds, (decision) => this.#isWanted(decision, nowMillis));
      if (batch.length === 0) return;
      void this.#send(batch);
    }
  }

  #isWanted(decision: WaitingDecision, nowMillis: number): boolean {
    if (decision.caller?.isCancelled === true) {
      settle(decision, new StoreFailure("cancelled", "the caller went away before anything was charged"));
      return false;
    }
    // Where this process was held up, before its timer could say so. The call may be good for longer, for others' sake.
    if (decision.deadlineMillis <= nowMillis) {
      settle(decision, new StoreFailure("timeout", "no time was left to ask Redis"));
      return false;
    }
    if (!this.isSplit || decision.onSplit === undefined || keyedOf(decision.operation).length === 1) return true;
    split(decision);
    return false;
  }

  async #send(batch: readonly WaitingDecision[]): Promise<void> {
    const deadlineMillis = batch.reduce((latest, each) => Math.max(latest, each.deadlineMillis), 0);
    const operations = batch.map(({ operation }) => operation);
    // As long as Redis' clock is not known, 0: that charges nothing, tells the time, and goes again.
    const notAfterMicros = this.#clock.latestMicros(deadlineMillis) ?? 0;
    const { keys, numbers } = batchCommand(operations, notAfterMicros, this.#options);
    const call: CallInFlight = { batch, keys, deadlineMillis };
    this.#calls.add(call);
    this.#counts.sent(batch.length);
    const sentMillis = performance.now();
    try {
      const reply = await this.#link.run(this.#script, keys, [JSON.stringify(numbers)]);
      this.#calls.delete(call);
      this.#answered(call, reply, sentMillis);
    } catch (error) {
      this.#calls.delete(call);
      this.#failed(call, error);
    }
    this.#sendAll();
  }

  #answered({ batch, keys, deadlineMillis }: CallInFlight, reply: unknown, sentMillis: number): void {
    const receivedMillis = performance.now();
    const read = readBatchReply(reply, batch.length);
    if (read === undefined) {
      for (const decision of batch) settle(decision, notOurReply());
      return;
    }
    this.#clock.learn(read.nowMicros, sentMillis, receivedMillis);
    if (receivedMillis <= deadlineMillis) this.#breaker.callSucceeded();
    else this.#counts.lateReplies += 1;
    const call = { nowMicros: read.nowMicros, sentMillis };
    const again: WaitingDecision[] = [];
    batch.forEach((decision, index) => {
      if (decision.isSettled) return;
      const entry = read.entries[index];
      if (entry === "LATE" && !decision.isRetried) {
        decision.isRetried = true;
        again.push(decision);
      } else if (typeof entry === "string") {
        settle(decision, failureOf(entry, keys));
      } else {
        decision.isSettled = true;
        decision.onEntry(entry as readonly unknown[], call);
      }
    });
    if (again.length > 0) this.#queue.putBack(again);
  }

  #failed({ batch }: CallInFlight, error: unknown): void {
    const failure = error instanceof StoreFailure ? error : new StoreFailure("error", String(error));
    if (failure.message.startsWith("TRYAGAIN")) {
      this.#splitUntilMillis = performance.now() + SPLIT_MILLIS;
      this.#counts.splits += 1;
      this.#sendSplit(batch, failure);
      return;
    }
    this.#breaker.callFailed(failure.message);
    for (const decision of batch) settle(decision, failure);
  }

  /** Nothing was charged: those of one key go again by themselves, the others key by key. */
  #sendSplit(batch: readonly WaitingDecision[], failure: StoreFailure): void {
    const again: WaitingDecision[] = [];
    for (const decision of batch) {
      if (decision.isSettled) continue;
      if (keyedOf(decision.operation).length === 1 && batch.length > 1) again.push(decision);
      else if (decision.onSplit !== undefined) split(decision);
      else settle(decision, failure);
    }
    this.#queue.putBack(again);
  }

  /** Fails what is overdue. Where all calls are, Redis stands still: nobody else has to wait to learn that. */
  #expire(nowMillis: number): number {
    let next = Number.POSITIVE_INFINITY;
    const look = (decision: WaitingDecision): void => {
      if (decision.isSettled) return;
      if (decision.deadlineMillis > nowMillis) next = Math.min(next, decision.deadlineMillis);
      else settle(decision, new StoreFailure("timeout", `Redis at ${this.#link.where} did not answer in time`));
    };
    let overdue = 0;
    for (const { batch, deadlineMillis } of this.#calls) {
      batch.forEach(look);
      if (deadlineMillis <= nowMillis) overdue += 1;
    }
    this.#queue.forEach(look);
    this.#queue.dropSettled();
    if (overdue > 0 && overdue >= this.#options.maxCallsInFlight) {
      this.#breaker.open(`Redis at ${this.#link.where} has not answered ${overdue} calls in time`);
    }
    return next;
  }

  #failQueued(): void {
    const reason = this.#breaker.reason ?? "";
    this.#queue.forEach((decision) => {
      settle(decision, new StoreFailure("unavailable", reason));
    });
    this.#queue.dropSettled();
  }

  /** Takes a token that nobody misses, which shows that Redis answers in time and can write. */
  async #probe(): Promise<boolean> {
    if (!this.#link.isReady()) return false;
    const { keys, numbers } = batchCommand([PROBE], -1, this.#options);
    const sentMillis = performance.now();
    try {
      const reply = readBatchReply(await this.#link.run(this.#script, keys, [JSON.stringify(numbers)]), 1);
      const receivedMillis = performance.now();
      if (reply === undefined) return false;
      this.#clock.learn(reply.nowMicros, sentMillis, receivedMillis);
      return receivedMillis - sentMillis <= this.#options.probeTimeoutMillis;
    } catch {
      return false;
    }
  }
}

function settle(decision: WaitingDecision, failure: StoreFailure): void {
  if (decision.isSettled) return;
  decision.isSettled = true;
  decision.onFailure(failure);
}

function split(decision: WaitingDecision): void {
  decision.isSettled = true;
  decision.onSplit?.();
}

/** What the script says of one decision. */
function failureOf(words: string, keys: readonly string[]): StoreFailure {
  if (words === "LATE") return new StoreFailure("timeout", "Redis came to it too late, and charged nothing");
  return new StoreFailure("error", nameBucket(words, keys));
}
