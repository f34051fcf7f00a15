import { gunzip, inflate } from "node:zlib";
import { type CallStatus, STATUS } from "./status.js";

/** A message, or why there is none. */
export type Decompressed = Buffer | CallStatus;

const ALGORITHMS = new Map([
  ["gzip", gunzip],
  ["deflate", inflate],
]);

/** Whether messages in this encoding can be read. */
export function isKnownEncoding(encoding: string): boolean {
  return encoding === "identity" || ALGORITHMS.has(encoding);
}

interface Waiting {
  readonly message: Buffer;
  readonly encoding: string;
  readonly done: (result: Decompressed) => void;
}

/**
 * Decompresses messages off the main thread, a few at a time: a short message may become a large one, so what is being
 * decompressed bounds memory, not what was sent.
 */
export class Decompressor {
  readonly #maxBytes: number;
  readonly #maxAtOnce: number;
  /** The next one first. */
  readonly #waiting = new Set<Waiting>();
  #running = 0;

  /** @param maxBytes of a decompressed message */
  constructor(maxBytes: number, maxAtOnce: number) {
    this.#maxBytes = maxBytes;
    this.#maxAtOnce = maxAtOnce;
  }

  /**
   * @param done called once, later
   * @returns a function that gives it up: nobody waits for the message any more, and `done` need not be called
   */
  decompress(message: Buffer, encoding: string, done: (result: Decompressed) => void): () => void {
    const waiting = { message, encoding, done };
    this.#waiting.add(waiting);
    this.#startNext();
    return () => this.#waiting.delete(waiting);
  }

  #startNext(): void {
    if (this.#running >= this.#maxAtOnce) return;
    const [next] = this.#waiting;
    if (next === undefined) return;
    this.#waiting.delete(next);
    this.#running += 1;
    const algorithm = ALGORITHMS.get(next.encoding) as typeof gunzip;
    algorithm(next.message, { maxOutputLength: this.#maxBytes }, (error, result) => {
      this.#running -= 1;
      this.#startNext();
      next.done(error === null ? result : this.#statusOf(error));
    });
  }

  #statusOf(error: NodeJS.ErrnoException): CallStatus {
    if (error.code !== "ERR_BUFFER_TOO_LARGE")
      return { code: STATUS.INTERNAL, details: "failed to decompress message" };
    const details = `received message that decompresses to more than ${this.#maxBytes} bytes`;
    return { code: STATUS.RESOURCE_EXHAUSTED, details };
  }
}
