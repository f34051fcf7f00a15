import type { Stream } from "./stream.js";

/** What a stream is that is not open. */
export type AbsentStream =
  /** Never used: no frame but HEADERS and PRIORITY may be for it. */
  | "idle"
  /** Passed over when a later one was opened: it can never be used. */
  | "skipped"
  /** We have ended it, and the peer may not have known when it sent this. */
  | "ended-by-us"
  | "closed";

/** The streams of one connection, and what must be remembered of those that are gone. */
export class StreamTable {
  /** The newest stream that the peer has used. */
  lastId = 0;

  readonly #open = new Map<number, Stream>();
  readonly #maxRemembered: number;
  /** Streams that we ended before the peer did; the oldest first. */
  readonly #endedByUs = new Set<number>();
  #skippedFrom = 0;
  #skippedTo = 0;

  /**
   * @param maxConcurrent A peer that keeps to this many streams counts each one that we ended until it knows, so there are
   * never more of them that it does not know of: more need not be remembered.
   */
  constructor(maxConcurrent: number) {
    this.#maxRemembered = maxConcurrent;
  }

  get size(): number {
    return this.#open.size;
  }

  get(id: number): Stream | undefined {
    return this.#open.get(id);
  }

  all(): IterableIterator<Stream> {
    return this.#open.values();
  }

  /** Notes that the peer has used this id, larger than any before. */
  use(id: number): void {
    if (id > this.lastId + 2) {
      this.#skippedFrom = this.lastId + 1;
      this.#skippedTo = id - 1;
    }
    this.lastId = id;
  }

  add(stream: Stream): void {
    this.#open.set(stream.id, stream);
  }

  delete(id: number): void {
    this.#open.delete(id);
  }

  /** Remembers that frames may still come for a stream that we have ended. */
  rememberEnded(id: number): void {
    this.#endedByUs.add(id);
    if (this.#endedByUs.size <= this.#maxRemembered) return;
    for (const oldest of this.#endedByUs) {
      this.#endedByUs.delete(oldest);
      break;
    }
  }

  /** What became of a stream that is not open. */
  absent(id: number): AbsentStream {
    // Even numbers would be ours, and we open none.
    if (id > this.lastId || id % 2 === 0) return "idle";
    if (this.#endedByUs.has(id)) return "ended-by-us";
    return id >= this.#skippedFrom && id <= this.#skippedTo ? "skipped" : "closed";
  }
}
