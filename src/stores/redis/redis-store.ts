import { DEFAULT_PENDING_LAPSE_MICROS } from "../../limits/pending-charges.js";
import { hashKey } from "../hash-key.js";
import {
  type AskedBucket,
  type BucketStatus,
  type Caller,
  type Charge,
  type InspectableStore,
  StoreFailure,
  type Verdict,
} from "../store.js";
import { encodeKeyPrefix } from "./batch-command.js";
import { readVerdict } from "./batch-reply.js";
import { inspectBucket, resetBucket } from "./bucket-calls.js";
import { DenyCache } from "./deny-cache.js";
import { hashTags } from "./hash-tags.js";
import { Lane } from "./lane.js";
import { LaneCounts } from "./lane-counts.js";
import type { RedisLink } from "./link/redis-link.js";
import { BATCH_SCRIPT } from "./lua-script.js";
import { notOurReply } from "./not-our-reply.js";
import { decideInParts, type GiveBack, PartFailure, splitRequest } from "./split-request.js";
import type { AnsweredCall } from "./waiting-decision.js";

export interface RedisStoreOptions {
  /** What all keys start with. Stores with the same prefix share their buckets. Default `weir:`. */
  readonly keyPrefix?: string;
  /** How long a pending charge is kept (D5). */
  readonly pendingLapseMicros?: number;
  /** In a Cluster: hash tags that keys carry, 1 to 1024. 0, the default: none, all keys may be used together. */
  readonly hashTags?: number;
  /** Refusals that are remembered, at most (deny cache). Default 10,000; 0: none. */
  readonly denyCacheSize?: number;
  /** Decisions that wait to be sent, at most; beyond, they fail at once. Default 10,000 (in a Cluster for each tag). */
  readonly maxQueued?: number;
  /** Buckets in one call, at most. Default 64. */
  readonly maxBucketsPerCall?: number;
  /** Decisions in one call, at most: many of them may be on few buckets. Default 256. */
  readonly maxDecisionsPerCall?: number;
  /** Calls without a reply yet, at most. Default 2 (in a Cluster for each tag). */
  readonly maxCallsInFlight?: number;
  /** How soon a probe must be answered to end an outage. Default 10 ms. */
  readonly probeTimeoutMillis?: number;
}

/** What the store tells about itself. */
export interface RedisStoreFigures {
  readonly counts: LaneCounts;
  /** Lanes whose decisions fail at once, of how many: one, or one for each hash tag. */
  readonly lanesBroken: number;
  readonly lanes: number;
  /** How often a lane's breaker has opened. */
  readonly breakerOpened: number;
  /** Decisions that wait to be sent. */
  readonly queued: number;
  /** Calls without a reply yet. */
  readonly callsInFlight: number;
  readonly denyCacheHits: number;
  readonly denyCacheSize: number;
}

/**
 * Buckets in Redis, shared by all replicas. Decisions that come together go together: one call of a script decides over
 * many requests, on Redis' clock. In a Cluster there is a lane for each hash tag, and a request over several is decided in parts.
 */
export class RedisStore implements InspectableStore {
  readonly kind = "redis";
  readonly #link: RedisLink;
  readonly #lanes: readonly Lane[];
  /** What keys in Redis start with, one to one with the lanes. */
  readonly #keyPrefixes: readonly string[];
  readonly #givesBack: boolean;
  readonly #counts = new LaneCounts();
  readonly #denials: DenyCache;

  constructor(link: RedisLink, options: RedisStoreOptions = {}) {
    this.#link = link;
    this.#denials = new DenyCache(options.denyCacheSize ?? 10_000);
    const prefix = encodeKeyPrefix(options.keyPrefix ?? "weir:");
    const tags = options.hashTags === undefined || options.hashTags === 0 ? [""] : hashTags(options.hashTags);
    this.#keyPrefixes = tags.map((tag) => prefix + tag);
    this.#givesBack = tags[0] !== "";
    this.#lanes = this.#keyPrefixes.map(
      (keyPrefix) => new Lane(link, BATCH_SCRIPT, laneOptions(keyPrefix, this.#givesBack, options), this.#counts),
    );
  }

  decide(charges: readonly Charge[], budgetMillis: number, caller?: Caller): Verdict | Promise<Verdict> {
    const nowMillis = performance.now();
    const [sole] = charges;
    if (sole !== undefined && charges.length === 1) {
      const known = this.#denials.lookUp(sole, nowMillis);
      if (known !== undefined) return known;
    }
    if (!(budgetMillis > 0)) return Promise.reject(new StoreFailure("timeout", "no time was left to ask Redis"));
    this.#forgetRefunded(charges);
    const deadlineMillis = nowMillis + budgetMillis;
    const lane = this.#laneOfAll(charges);
    if (lane === undefined || (lane.isSplit && charges.length > 1)) {
      return this.#decideInParts(charges, deadlineMillis, budgetMillis, caller);
    }
    return new Promise((resolve, reject) => {
      lane.submit({
        operation: { kind: "whole", charges },
        deadlineMillis,
        caller,
        onEntry: (entry, call) => {
          const verdict = readVerdict(entry, charges);
          if (verdict === undefined) reject(notOurReply());
          else resolve(this.#remember(charges, verdict, call));
        },
        onFailure: reject,
        ...(charges.length === 1
          ? {}
          : { onSplit: () => resolve(this.#decideInParts(charges, deadlineMillis, budgetMillis, caller)) }),
        isSettled: false,
        isRetried: false,
      });
    });
  }

  // One key a call: in a Cluster each is wherever its slot is, be that on its way to another node.
  inspect(buckets: readonly AskedBucket[]): Promise<readonly BucketStatus[]> {
    return Promise.all(
      buckets.map(({ key, limit }) => inspectBucket(this.#link, this.#redisKeyOf(key), limit, this.#givesBack)),
    );
  }

  async reset(keys: readonly string[]): Promise<number> {
    const reset = await Promise.all(
      [...new Set(keys)].map(async (key) => {
        const count = await resetBucket(this.#link, this.#redisKeyOf(key));
        this.#denials.forget(key);
        return count;
      }),
    );
    return reset.reduce((sum, count) => sum + count, 0);
  }

  isReady(): boolean {
    return this.#link.isReady();
  }

  whyNotReady(): string {
    return this.#link.whyNotReady();
  }

  /** What there is to tell now. */
  figures(): RedisStoreFigures {
    const lanes = this.#lanes;
    return {
      counts: this.#counts,
      lanesBroken: lanes.filter((lane) => lane.failure !== undefined).length,
      lanes: lanes.length,
      breakerOpened: lanes.reduce((sum, lane) => sum + lane.timesBroken, 0),
      queued: lanes.reduce((sum, lane) => sum + lane.queued, 0),
      callsInFlight: lanes.reduce((sum, lane) => sum + lane.callsInFlight, 0),
      denyCacheHits: this.#denials.hits,
      denyCacheSize: this.#denials.size,
    };
  }

  async close(): Promise<void> {
    for (const lane of this.#lanes) lane.close();
    await this.#link.close();
  }

  #laneOf(key: string): Lane {
    return this.#lanes[this.#laneIndexOf(key)] as Lane;
  }

  #laneIndexOf(key: string): number {
    const { length } = this.#lanes;
    return length === 1 ? 0 : hashKey(key) % length;
  }

  #redisKeyOf(key: string): string {
    return `${this.#keyPrefixes[this.#laneIndexOf(key)]}${key}`;
  }

  /** The lane that all charges have in common, if there is one. */
  #laneOfAll(charges: readonly Charge[]): Lane | undefined {
    const [first] = this.#lanes;
    if (this.#lanes.length === 1) return first;
    const lane = this.#laneOf((charges[0] as Charge).key);
    return charges.every(({ key }) => this.#laneOf(key) === lane) ? lane : undefined;
  }

  #remember(charges: readonly Charge[], verdict: Verdict, { sentMillis, nowMicros }: AnsweredCall): Verdict {
    const [sole] = charges;
    const [outcome] = verdict.outcomes;
    if (charges.length === 1 && sole !== undefined && outcome !== undefined) {
      this.#denials.remember(sole, outcome, sentMillis, nowMicros);
    }
    this.#forgetRefunded(charges);
    return verdict;
  }

  /** A refund may admit what was refused: from the moment it is sent, and again after what was refused before it came. */
  #forgetRefunded(charges: readonly Charge[]): void {
    for (const { action, key } of charges) if (action === "refund") this.#denials.forget(key);
  }

  async #decideInParts(
    charges: readonly Charge[],
    deadlineMillis: number,
    budgetMillis: number,
    caller: Caller | undefined,
  ): Promise<Verdict> {
    const laneOf = (key: string): Lane => this.#laneOf(key);
    const parts = splitRequest(charges, laneOf, (key, lane) => (lane.isSplit ? key : lane));
    // What the others took would stay taken, for a request that cannot be decided.
    const failure = parts.map((part) => part.lane.failure).find((each) => each !== undefined);
    if (failure !== undefined) throw failure;
    let gone: readonly GiveBack[] = [];
    try {
      const { verdict, receipts } = await decideInParts(charges, parts, { deadlineMillis, caller });
      gone = receipts;
      this.#forgetRefunded(charges);
      return verdict;
    } catch (error) {
      if (!(error instanceof PartFailure)) throw error;
      gone = error.receipts;
      throw error.failure;
    } finally {
      for (const each of gone) this.#giveBack(each, budgetMillis);
    }
  }

  /** Once, whatever becomes of it: sent again, it might be given back twice. Nobody waits for it. */
  #giveBack({ lane, receipts }: GiveBack, budgetMillis: number): void {
    const counts = this.#counts;
    const asked = receipts.reduce((sum, { hits }) => sum + hits, 0);
    lane.submit({
      operation: { kind: "give_back", receipts },
      deadlineMillis: performance.now() + budgetMillis,
      caller: undefined,
      onEntry: (entry) => {
        const given = entry.reduce((sum: number, hits) => sum + (Number.isSafeInteger(hits) ? (hits as number) : 0), 0);
        counts.givenBack += given;
        counts.notGivenBack += asked - given;
      },
      onFailure: () => {
        counts.notGivenBack += asked;
      },
      isSettled: false,
      isRetried: false,
    });
  }
}

function laneOptions(keyPrefix: string, givesBack: boolean, options: RedisStoreOptions) {
  return {
    keyPrefix,
    givesBack,
    lapseMicros: options.pendingLapseMicros ?? DEFAULT_PENDING_LAPSE_MICROS,
    callBounds: { maxBuckets: options.maxBucketsPerCall ?? 64, maxDecisions: options.maxDecisionsPerCall ?? 256 },
    maxCallsInFlight: options.maxCallsInFlight ?? 2,
    maxQueued: options.maxQueued ?? 10_000,
    probeTimeoutMillis: options.probeTimeoutMillis ?? 10,
  };
}
