import type { BucketState } from "../../limits/algorithms.js";
import { hashKey } from "../hash-key.js";

/** A bucket's place in the table. */
export interface BucketEntry {
  readonly key: string;
  state: BucketState;
  /** The moment from which the bucket is full and may be dropped, microseconds; Infinity: never. */
  droppableAtMicros: number;
  /** Where it stands in the list of all entries; -1 once it was dropped. */
  index: number;
}

/** A map of a million entries stands still for 100 ms when it grows. Parts of it grow one at a time, in under 1 ms. */
const SHARDS = 256;

/** How many entries are compared when one must go. */
const EVICTION_SAMPLE = 8;

/** Buckets by key, at most `maxEntries` of them. Every call does a bounded amount of work, and there are no timers. */
export class BucketTable {
  readonly #maxEntries: number;
  readonly #shards = Array.from({ length: SHARDS }, () => new Map<string, BucketEntry>());
  /** All entries in no order, to be swept and sampled by index. */
  #entries: BucketEntry[] = [];
  #hand = 0;
  #evictions = 0;

  constructor(maxEntries: number) {
    this.#maxEntries = maxEntries;
  }

  get size(): number {
    return this.#entries.length;
  }

  /** How many buckets were dropped before they were full. */
  get evictions(): number {
    return this.#evictions;
  }

  find(key: string): BucketEntry | undefined {
    return this.#shardOf(key).get(key);
  }

  /**
   * Adds a bucket that is not in the table. At the bound another one goes: of a handful taken at random, the one that
   * would be full first, so that the fewest tokens are given away. That is close to the nearest of all without keeping
   * a million buckets sorted.
   */
  insert(key: string, state: BucketState, droppableAtMicros: number, nowMicros: number): void {
    if (this.#entries.length >= this.#maxEntries) this.#evictOne(nowMicros);
    const entry: BucketEntry = { key, state, droppableAtMicros, index: this.#entries.length };
    this.#entries.push(entry);
    this.#shardOf(key).set(key, entry);
  }

  remove(entry: BucketEntry): void {
    if (entry.index < 0) return;
    this.#shardOf(entry.key).delete(entry.key);
    const last = this.#entries.pop() as BucketEntry;
    if (last !== entry) {
      this.#entries[entry.index] = last;
      last.index = entry.index;
    }
    entry.index = -1;
  }

  /** Looks at the next `count` entries, around and around, and drops those that are full. */
  sweep(count: number, nowMicros: number): void {
    for (let i = 0; i < count; i++) {
      if (this.#hand >= this.#entries.length) this.#hand = 0;
      const entry = this.#entries[this.#hand];
      if (entry === undefined) return;
      // The entry that takes the place of a dropped one is looked at next.
      if (entry.droppableAtMicros <= nowMicros) this.remove(entry);
      else this.#hand += 1;
    }
  }

  clear(): void {
    for (const shard of this.#shards) shard.clear();
    for (const entry of this.#entries) entry.index = -1;
    this.#entries = [];
  }

  #evictOne(nowMicros: number): void {
    let victim: BucketEntry | undefined;
    for (let i = 0; i < EVICTION_SAMPLE; i++) {
      const entry = this.#entries[Math.floor(Math.random() * this.#entries.length)];
      if (entry === undefined) return;
      if (victim === undefined || entry.droppableAtMicros < victim.droppableAtMicros) victim = entry;
    }
    if (victim === undefined) return;
    if (victim.droppableAtMicros > nowMicros) this.#evictions += 1;
    this.remove(victim);
  }

  #shardOf(key: string): Map<string, BucketEntry> {
    // A bad spread would only make some parts grow larger than others.
    return this.#shards[hashKey(key) & (SHARDS - 1)] as Map<string, BucketEntry>;
  }
}
