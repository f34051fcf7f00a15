import type { BucketLimit } from "../../../src/limits/limit.js";
import { type Level, type LimitInForce, max, min } from "./level.js";

/** What was taken in one slot. */
interface Taken {
  readonly slot: bigint;
  readonly hits: bigint;
}

/** A book of what was taken when, in the order in which it was taken. */
class SlidingWindowLevel implements Level {
  readonly forgetsWhenFull = false;
  readonly #book: readonly Taken[];
  readonly #period: bigint;
  readonly #burst: bigint;
  /** The moment it was looked at; undefined: full since ever. */
  readonly #now: bigint | undefined;

  constructor(book: readonly Taken[], period: bigint, burst: bigint, now: bigint | undefined) {
    this.#book = book;
    this.#period = period;
    this.#burst = burst;
    this.#now = now;
  }

  get tokens(): bigint {
    return this.#burst - total(this.#book);
  }

  get isForgettable(): boolean {
    return this.#book.length === 0;
  }

  /** Slot n is [n x P / 60, (n + 1) x P / 60). */
  #slotAt(now: bigint): bigint {
    return (now * 60n) / this.#period;
  }

  at(now: bigint, limit: LimitInForce): Level {
    const slot = this.#slotAt(now);
    const newest = this.#book.reduce((latest, taken) => max(latest, taken.slot), 0n);
    const back = max(0n, newest - slot);
    const book = this.#book
      .map((taken) => ({ ...taken, slot: taken.slot - back }))
      .filter((taken) => taken.slot >= slot - 60n);
    const alive = new SlidingWindowLevel(book, this.#period, this.#burst, now);
    const burst = BigInt(limit.burst);
    const changed = new SlidingWindowLevel(book, this.#period, burst, now);
    if (burst >= this.#burst) return changed.take(burst - this.#burst);
    return changed.give(min(alive.tokens, burst) - changed.tokens);
  }

  aged(now: bigint): Level {
    return this.at(now, { burst: Number(this.#burst), tokensPerPeriod: 0 });
  }

  /** Crosses out the last entries of the book, which stay in it, crossed out. */
  give(hits: bigint): Level {
    let left = min(hits, total(this.#book));
    const book = this.#book.toReversed().map(({ slot, hits: taken }) => {
      const crossed = min(left, taken);
      left -= crossed;
      return { slot, hits: taken - crossed };
    });
    return this.#with(book.toReversed());
  }

  take(hits: bigint): Level {
    if (hits === 0n) return this;
    return this.#with([...this.#book, { slot: this.#slotAt(this.#now as bigint), hits }]);
  }

  /** The first microsecond of a slot in which enough entries are older than the 60 slots before it. */
  until(wanted: bigint): bigint | undefined {
    if (wanted <= this.tokens) return 0n;
    if (wanted > this.#burst) return undefined;
    const now = this.#now as bigint;
    for (let slot = this.#slotAt(now); ; slot++) {
      const left = this.#burst - total(this.#book.filter((taken) => taken.slot >= slot - 60n));
      if (left >= wanted) return (slot * this.#period + 59n) / 60n - now;
    }
  }

  equals(other: Level): boolean {
    if (!(other instanceof SlidingWindowLevel)) return false;
    return other.#burst === this.#burst && other.#text() === this.#text();
  }

  #text(): string {
    const bySlot = new Map<bigint, bigint>();
    for (const { slot, hits } of this.#book) bySlot.set(slot, (bySlot.get(slot) ?? 0n) + hits);
    return [...bySlot].map(([slot, hits]) => `${slot}:${hits}`).join();
  }

  #with(book: readonly Taken[]): Level {
    return new SlidingWindowLevel(book, this.#period, this.#burst, this.#now);
  }
}

function total(book: readonly Taken[]): bigint {
  return book.reduce((sum, { hits }) => sum + hits, 0n);
}

/** A window in which nothing was taken. */
export function slidingWindowLevel({ burst, periodMicros }: BucketLimit): Level {
  return new SlidingWindowLevel([], BigInt(periodMicros), BigInt(burst), undefined);
}
