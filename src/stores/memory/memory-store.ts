import type { BucketLimit } from "../../limits/limit.js";
import { countPending, DEFAULT_PENDING_LAPSE_MICROS } from "../../limits/pending-charges.js";
import { decide, type OpenBucket, openBucket } from "../admission.js";
import { changeOf, droppableAtMicros } from "../bucket-change.js";
import type { AskedBucket, BucketStatus, Charge, InspectableStore, Verdict } from "../store.js";
import { type BucketEntry, BucketTable } from "./bucket-table.js";
import { wallClockMicros } from "./wall-clock.js";

/** 0.3 to 1.9 GB when all of them are used, by algorithm and length of key (docs/operations.md). */
const DEFAULT_MAX_BUCKETS = 1_000_000;

/** More than the one that a charge may add, so that full buckets go faster than new ones come. */
const SWEPT_PER_CHARGE = 2;

export interface MemoryStoreOptions {
  /** The clock, in whole microseconds since the epoch. */
  readonly nowMicros?: () => number;
  /** How long a pending charge is kept (D5). */
  readonly pendingLapseMicros?: number;
  /** The most buckets that are kept, at least 1. */
  readonly maxBuckets?: number;
}

/** A bucket of this request and where it stands in the table. */
interface TouchedBucket {
  readonly key: string;
  readonly entry: BucketEntry | undefined;
  readonly bucket: OpenBucket;
}

/**
 * Buckets in this process's memory: they end with it, and replicas do not share them. Answers synchronously.
 * A bucket that is full again is dropped when the sweep comes by, a few with every decision.
 */
export class MemoryStore implements InspectableStore {
  readonly kind = "memory";
  readonly #table: BucketTable;
  readonly #nowMicros: () => number;
  readonly #lapseMicros: number;
  #open = true;

  constructor(options: MemoryStoreOptions = {}) {
    this.#table = new BucketTable(options.maxBuckets ?? DEFAULT_MAX_BUCKETS);
    this.#nowMicros = options.nowMicros ?? wallClockMicros;
    this.#lapseMicros = options.pendingLapseMicros ?? DEFAULT_PENDING_LAPSE_MICROS;
  }

  /** How many buckets are kept now. */
  get size(): number {
    return this.#table.size;
  }

  /** How many buckets had to go before they were full, each of which gave tokens away (D11). */
  get evictions(): number {
    return this.#table.evictions;
  }

  decide(charges: readonly Charge[]): Verdict {
    const nowMicros = this.#nowMicros();
    const touched: TouchedBucket[] = [];
    const verdict = decide(charges, this.#openAll(charges, nowMicros, touched));
    for (const each of touched) this.#store(each, nowMicros);
    this.#table.sweep(SWEPT_PER_CHARGE * charges.length, nowMicros);
    return verdict;
  }

  inspect(buckets: readonly AskedBucket[]): Promise<readonly BucketStatus[]> {
    const nowMicros = this.#nowMicros();
    const statuses = buckets.map(({ key, limit }) => {
      const { arithmetic, refilled } = openBucket(this.#table.find(key)?.state, limit, nowMicros);
      const untilFullMicros = arithmetic.microsUntil(limit.burst, refilled.tokens, refilled, limit, nowMicros);
      return { tokens: refilled.tokens, untilFullMicros, pending: countPending(refilled.pending) };
    });
    return Promise.resolve(statuses);
  }

  reset(keys: readonly string[]): Promise<number> {
    const nowMicros = this.#nowMicros();
    let reset = 0;
    for (const key of new Set(keys)) {
      const entry = this.#table.find(key);
      if (entry === undefined) continue;
      // A full one may be there still, until the sweep comes by.
      if (entry.droppableAtMicros > nowMicros) reset += 1;
      this.#table.remove(entry);
    }
    return Promise.resolve(reset);
  }

  isReady(): boolean {
    return this.#open;
  }

  close(): Promise<void> {
    this.#open = false;
    this.#table.clear();
    return Promise.resolve();
  }

  /** The bucket of each charge, one to one; `touched` gets each bucket once. */
  #openAll(charges: readonly Charge[], nowMicros: number, touched: TouchedBucket[]): readonly OpenBucket[] {
    const [first] = charges;
    if (first !== undefined && charges.length === 1) return [this.#openOne(first.key, first.limit, nowMicros, touched)];
    const byKey = new Map<string, OpenBucket>();
    return charges.map(({ key, limit }) => {
      const known = byKey.get(key);
      if (known !== undefined) return known;
      const bucket = this.#openOne(key, limit, nowMicros, touched);
      byKey.set(key, bucket);
      return bucket;
    });
  }

  #openOne(key: string, limit: BucketLimit, nowMicros: number, touched: TouchedBucket[]): OpenBucket {
    const entry = this.#table.find(key);
    const bucket = openBucket(entry?.state, limit, nowMicros);
    touched.push({ key, entry, bucket });
    return bucket;
  }

  #store({ key, entry, bucket }: TouchedBucket, nowMicros: number): void {
    const state = changeOf(bucket, this.#lapseMicros);
    if (state === undefined) return;
    if (state === "drop") {
      if (entry !== undefined) this.#table.remove(entry);
      return;
    }
    const droppableAt = droppableAtMicros(state, bucket);
    // An entry may have been evicted a moment ago, for another bucket of the same request.
    if (entry === undefined || entry.index < 0) {
      this.#table.insert(key, state, droppableAt, nowMicros);
      return;
    }
    entry.state = state;
    entry.droppableAtMicros = droppableAt;
  }
}
