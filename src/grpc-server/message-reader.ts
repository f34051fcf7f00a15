import { readUint32 } from "../h2/frame.js";
import type { BufferAllowance } from "./buffer-allowance.js";
import { type CallStatus, STATUS } from "./status.js";

/** The head of a message: a flag for compression and four bytes of length. */
export const MESSAGE_HEAD_BYTES = 5;

/** Takes messages as they are complete. */
export type MessageListener = (message: Buffer, isCompressed: boolean) => void;

/** Puts the messages of one call together from the bytes of its DATA frames, however they are cut. */
export class MessageReader {
  readonly #maxBytes: number;
  readonly #allowance: BufferAllowance;
  readonly #owner: object;
  readonly #onMessage: MessageListener;
  readonly #head = Buffer.alloc(MESSAGE_HEAD_BYTES);
  #headBytes = 0;
  #body: Buffer | undefined;
  #bodyBytes = 0;
  #taken = 0;
  #isClosed = false;

  /** @param owner on whose account memory is taken */
  constructor(maxBytes: number, allowance: BufferAllowance, owner: object, onMessage: MessageListener) {
    this.#maxBytes = maxBytes;
    this.#allowance = allowance;
    this.#owner = owner;
    this.#onMessage = onMessage;
  }

  /** Whether bytes of a message have come that is not complete. */
  get isInsideMessage(): boolean {
    return this.#headBytes > 0;
  }

  /** So many bytes more make the message whole, or else tell how long it is. */
  get missingBytes(): number {
    if (this.#headBytes < MESSAGE_HEAD_BYTES) return MESSAGE_HEAD_BYTES - this.#headBytes;
    return readUint32(this.#head, 1) - this.#bodyBytes;
  }

  /** @returns why the call must end, or undefined when all is well */
  push(bytes: Buffer, start: number, end: number): CallStatus | undefined {
    let at = start;
    // What takes a message may have enough by it, and close this.
    while (at < end && !this.#isClosed) {
      if (this.#headBytes < MESSAGE_HEAD_BYTES) {
        const taken = bytes.copy(
          this.#head,
          this.#headBytes,
          at,
          Math.min(end, at + MESSAGE_HEAD_BYTES - this.#headBytes),
        );
        this.#headBytes += taken;
        at += taken;
        if (this.#headBytes < MESSAGE_HEAD_BYTES) return undefined;
      }
      const length = readUint32(this.#head, 1);
      const fault = this.#faultOfHead(length);
      if (fault !== undefined) return fault;
      const missing = length - this.#bodyBytes;
      if (this.#body === undefined && end - at >= missing) {
        this.#emit(bytes.subarray(at, at + missing));
        at += missing;
        continue;
      }
      if (at === end) return undefined;
      const part = Math.min(missing, end - at);
      if (!this.#append(bytes, at, part, length))
        return { code: STATUS.RESOURCE_EXHAUSTED, details: "too much is buffered" };
      at += part;
      if (this.#bodyBytes === length) this.#emit((this.#body as Buffer).subarray(0, length));
    }
    return undefined;
  }

  /** Gives up what is there of a message, and takes no more. */
  close(): void {
    this.#isClosed = true;
    this.#forget();
  }

  #forget(): void {
    this.#allowance.giveBack(this.#owner, this.#taken);
    this.#taken = 0;
    this.#body = undefined;
    this.#bodyBytes = 0;
    this.#headBytes = 0;
  }

  #faultOfHead(length: number): CallStatus | undefined {
    if ((this.#head[0] as number) > 1) return { code: STATUS.INTERNAL, details: "a message with unknown flags" };
    if (length <= this.#maxBytes) return undefined;
    return {
      code: STATUS.RESOURCE_EXHAUSTED,
      details: `received message larger than max (${length} vs. ${this.#maxBytes})`,
    };
  }

  /** Memory grows with what has come, never with what was announced. */
  #append(bytes: Buffer, at: number, count: number, length: number): boolean {
    const needed = this.#bodyBytes + count;
    const room = this.#body?.length ?? 0;
    if (this.#body === undefined || needed > room) {
      const size = Math.min(length, Math.max(needed, room * 2, 64));
      if (!this.#allowance.take(this.#owner, size - this.#taken)) return false;
      this.#taken = size;
      const larger = Buffer.allocUnsafeSlow(size);
      this.#body?.copy(larger, 0, 0, this.#bodyBytes);
      this.#body = larger;
    }
    bytes.copy(this.#body, this.#bodyBytes, at, at + count);
    this.#bodyBytes = needed;
    return true;
  }

  #emit(message: Buffer): void {
    const isCompressed = this.#head[0] === 1;
    this.#forget();
    this.#onMessage(message, isCompressed);
  }
}
