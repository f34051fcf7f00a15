import { keyedOf, type Operation } from "./batch-command.js";
import type { WaitingDecision } from "./waiting-decision.js";

/** How much goes in one call, at most, so that no script is long: Redis runs one at a time. */
export interface CallBounds {
  readonly maxBuckets: number;
  readonly maxDecisions: number;
}

/** First come, first served: what waits to be sent. Those that are settled meanwhile are passed over. */
export class DecisionQueue {
  #waiting: WaitingDecision[] = [];
  #head = 0;

  /** How many wait, counting those that were settled and not passed over yet. */
  get length(): number {
    return this.#waiting.length - this.#head;
  }

  push(decision: WaitingDecision): void {
    this.#waiting.push(decision);
  }

  /** Puts decisions ahead of all others, in their order. */
  putBack(decisions: readonly WaitingDecision[]): void {
    this.#waiting = [...decisions, ...this.#waiting.slice(this.#head)];
    this.#head = 0;
  }

  /**
   * Takes the next decisions for one call; one decision alone may have more buckets than the bound.
   * @param isWanted asked of each once, in order; those that are not wanted are dropped
   */
  takeBatch(
    { maxBuckets, maxDecisions }: CallBounds,
    isWanted: (decision: WaitingDecision) => boolean,
  ): WaitingDecision[] {
    const batch: WaitingDecision[] = [];
    const keys = new Set<string>();
    while (this.#head < this.#waiting.length && batch.length < maxDecisions) {
      const next = this.#waiting[this.#head] as WaitingDecision;
      if (next.isSettled || !isWanted(next)) {
        this.#head += 1;
        continue;
      }
      if (batch.length > 0 && !fits(next.operation, keys, maxBuckets)) break;
      addKeys(next.operation, keys);
      batch.push(next);
      this.#head += 1;
    }
    this.#compact();
    return batch;
  }

  /** Visits what waits, in order. */
  forEach(visit: (decision: WaitingDecision) => void): void {
    for (let at = this.#head; at < this.#waiting.length; at++) visit(this.#waiting[at] as WaitingDecision);
  }

  /** Forgets the settled ones at its head. */
  dropSettled(): void {
    while (this.#waiting[this.#head]?.isSettled === true) this.#head += 1;
    this.#compact();
  }

  #compact(): void {
    if (this.#head === this.#waiting.length) {
      this.#waiting = [];
      this.#head = 0;
    } else if (this.#head > 1024 && this.#head * 2 > this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#head);
      this.#head = 0;
    }
  }
}

function fits(operation: Operation, keys: ReadonlySet<string>, maxBuckets: number): boolean {
  let more = 0;
  for (const { key } of keyedOf(operation)) if (!keys.has(key)) more += 1;
  return keys.size + more <= maxBuckets;
}

function addKeys(operation: Operation, keys: Set<string>): void {
  for (const { key } of keyedOf(operation)) keys.add(key);
}
