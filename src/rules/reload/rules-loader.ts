import { totalmem } from "node:os";
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from "node:worker_threads";
import { inTurns } from "../../in-turns.js";
import type { FaultTexts } from "../fault-texts.js";
import type { RuleSet } from "../rule.js";
import { RuleSetBuilder } from "../rule-set-builder.js";
import type { PackedTexts } from "../sources/packed-texts.js";
import { EncodedRuleNode, type EncodedRules } from "./encoded-rules.js";
import type { LoadReply, LoadRequest, PlacesSlice, ThreadData } from "./load-messages.js";

/** Rules, ready to be matched. Each is made when it is met first; to ask for all of a domain makes all of them. */
export interface LoadedRules {
  readonly kind: "rules";
  readonly rules: RuleSet;
  /** The same as they came, in the order of domains and files. */
  readonly encoded: EncodedRules;
  /** Stands for the content of all files. */
  readonly content: string;
  /** That content: files, and resources as the rules files that they stand for. */
  readonly texts: PackedTexts;
  readonly warnings: FaultTexts;
  /** The errors of what is not among the rules, though it was sent. */
  readonly refused: FaultTexts;
}

/** What came of loading rules. */
export type LoadOutcome =
  | LoadedRules
  | { readonly kind: "unchanged" }
  /** The rules have errors. */
  | { readonly kind: "faulty"; readonly faults: FaultTexts }
  /** Nothing is known of the rules, since the thread that loads them failed. */
  | { readonly kind: "failed"; readonly reason: string };

export interface RulesLoaderOptions {
  /** Whether decisions go on meanwhile, which go first; true unless it is said. */
  readonly background?: boolean;
  /** The most memory that the thread may take for its objects, in MiB. */
  readonly heapMegabytes?: number;
  /** How long the thread is kept for the next load. */
  readonly idleMillis?: number;
  /** How long a load may take. 100,000 rules take some ten seconds. */
  readonly timeoutMillis?: number;
}

/** A load that runs in the thread. */
interface Asked {
  readonly resolve: (reply: LoadReply) => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
}

const IDLE_MILLIS = 10_000;
const TIMEOUT_MILLIS = 300_000;
const MEGABYTE = 2 ** 20;

/**
 * Loads rules in a thread of its own, and takes them over here a little at a time, so that decisions go on meanwhile.
 * The thread is started when it is needed and ends when it has not been needed for a while: its memory goes with it.
 * Whatever happens to it, an outcome says so, and the next load starts another one.
 */
export class RulesLoader {
  readonly #options: Required<RulesLoaderOptions>;
  #thread: Worker | undefined;
  #asked: Asked | undefined;
  #idleTimer: NodeJS.Timeout | undefined;

  constructor(options: RulesLoaderOptions = {}) {
    this.#options = {
      background: true,
      heapMegabytes: defaultHeapMegabytes(),
      idleMillis: IDLE_MILLIS,
      timeoutMillis: TIMEOUT_MILLIS,
      ...options,
    };
  }

  /** One load at a time. Never rejects. */
  async load(wanted: Omit<LoadRequest, "slices">): Promise<LoadOutcome> {
    clearTimeout(this.#idleTimer);
    const { port1: sender, port2: receiver } = new MessageChannel();
    try {
      const reply = await this.#ask({ ...wanted, slices: sender });
      return reply.kind === "rules" ? await takeOver(reply, receiver) : reply;
    } catch (error) {
      await this.close();
      return { kind: "failed", reason: `the thread that loads rules failed: ${(error as Error).message}` };
    } finally {
      receiver.close();
      this.#idleTimer = setTimeout(() => void this.close(), this.#options.idleMillis).unref();
    }
  }

  /** Ends the thread; a load that runs has failed then. */
  async close(): Promise<void> {
    clearTimeout(this.#idleTimer);
    const thread = this.#thread;
    this.#thread = undefined;
    this.#asked?.reject(new Error("it was ended"));
    await thread?.terminate();
  }

  #ask(request: LoadRequest): Promise<LoadReply> {
    const { timeoutMillis } = this.#options;
    this.#thread ??= this.#start();
    const thread = this.#thread;
    return new Promise<LoadReply>((resolve, reject) => {
      const late = new Error(`no answer within ${timeoutMillis / 1000} s`);
      const timer = setTimeout(() => reject(late), timeoutMillis);
      this.#asked = { resolve, reject, timer };
      // Only while it works does the process wait for it.
      thread.ref();
      thread.postMessage(request, [request.slices]);
    }).finally(() => {
      clearTimeout(this.#asked?.timer);
      this.#asked = undefined;
      // One that is being ended must be waited for.
      if (this.#thread === thread) thread.unref();
    });
  }

  #start(): Worker {
    const thread = startThread(this.#options);
    const failed = (error: Error): void => {
      if (this.#thread === thread) this.#asked?.reject(error);
    };
    thread.on("message", (reply: LoadReply) => this.#asked?.resolve(reply));
    thread.on("messageerror", failed).on("error", failed);
    thread.on("exit", () => {
      failed(new Error("it ended"));
      if (this.#thread === thread) this.#thread = undefined;
    });
    return thread;
  }
}

function startThread({ background, heapMegabytes }: Required<RulesLoaderOptions>): Worker {
  return new Worker(new URL("./rules-thread.js", import.meta.url), {
    name: "weir-rules",
    workerData: { background } satisfies ThreadData,
    resourceLimits: { maxOldGenerationSizeMb: heapMegabytes },
  });
}

/** Half of the memory that this process may use: the thread must fail before the system ends the process. */
function defaultHeapMegabytes(): number {
  // 0 where nothing is known; more than there is where there is no limit.
  const allowed = Math.min(process.constrainedMemory() || totalmem(), totalmem());
  return Math.max(64, Math.floor(allowed / MEGABYTE / 2));
}

async function takeOver(reply: LoadReply & { kind: "rules" }, receiver: MessagePort): Promise<LoadedRules> {
  const { domains, rules: encoded, content, texts, warnings, refused } = reply;
  const builder = new RuleSetBuilder(domains);
  await inTurns(addSlices(builder, reply, receiver));
  return { kind: "rules", rules: builder.finish(), encoded, content, texts, warnings, refused };
}

function* addSlices(
  builder: RuleSetBuilder,
  { rules, slices }: LoadReply & { kind: "rules" },
  receiver: MessagePort,
): Generator<void> {
  let index = 0;
  for (let taken = 0; taken < slices; taken++) {
    // One at a time: with a listener all that wait would be unpacked in one go.
    const received = receiveMessageOnPort(receiver);
    if (received === undefined) throw new Error("rules are missing in what it sent");
    for (const place of received.message as PlacesSlice) {
      builder.addNode(place, new EncodedRuleNode(rules, index++));
      yield;
    }
  }
}
