import type { Duplex } from "node:stream";
import { CHUNK_BYTES, giveBackChunk, takeChunk } from "./chunk-pool.js";
import { FRAME_HEAD_BYTES } from "./frame.js";

const NOTHING: Buffer = Buffer.alloc(0);

/**
 * The frames that wait for the socket. They are written in place, one after the other, into pooled chunks, and go out
 * together: when the input at hand has been read, or else at the end of the turn.
 */
export class Output {
  /** Where to write what `frame` has made room for. */
  buffer: Buffer = NOTHING;
  /** Bytes that the socket has not taken, but for those in the chunk at hand. */
  unsentBytes = 0;

  readonly #duplex: Duplex;
  readonly #onTaken: () => void;
  readonly #flush = (): void => {
    this.#isScheduled = false;
    if (!this.#isHeld) this.flush();
  };
  #used = 0;
  /** Chunks before the one at hand, and how many bytes of each are used. */
  #full: Buffer[] = [];
  #fullBytes: number[] = [];
  #isHeld = false;
  #isScheduled = false;
  /** Pieces that the socket was given and has not taken. */
  #given = 0;

  /** @param onTaken called when the socket has taken a piece of what it was given */
  constructor(duplex: Duplex, onTaken: () => void) {
    this.#duplex = duplex;
    this.#onTaken = onTaken;
  }

  /**
   * Appends the head of a frame and makes room for its payload.
   *
   * @param length of the payload, at most 16,384 bytes
   * @returns where in `buffer` the payload is to be written
   */
  frame(length: number, type: number, flags: number, streamId: number): number {
    const at = this.reserve(FRAME_HEAD_BYTES + length);
    return putFrameHead(this.buffer, at, length, type, flags, streamId);
  }

  /** Makes room for that many bytes, at most CHUNK_BYTES, all of which must be written. @returns where in `buffer` */
  reserve(bytes: number): number {
    if (this.#used + bytes > this.buffer.length) this.#nextChunk();
    const at = this.#used;
    this.#used = at + bytes;
    if (!this.#isHeld && !this.#isScheduled) {
      this.#isScheduled = true;
      process.nextTick(this.#flush);
    }
    return at;
  }

  /** Until `release`, nothing is sent. */
  hold(): void {
    this.#isHeld = true;
  }

  /** Sends what was held. */
  release(): void {
    this.#isHeld = false;
    this.flush();
  }

  /**
   * Sends all there is, once the socket has taken what it was given: it would only queue the rest, and what it queues holds
   * on to a whole chunk, however small.
   */
  flush(): void {
    if (this.#given === 0) this.finish();
  }

  /** Gives the socket all there is, at once: to be called before it is ended. */
  finish(): void {
    if (this.#used === 0) return;
    const last = this.buffer;
    const lastBytes = this.#used;
    this.unsentBytes += lastBytes;
    this.buffer = NOTHING;
    this.#used = 0;
    if (this.#full.length === 0) {
      this.#send(last, lastBytes);
      return;
    }
    const full = this.#full;
    const fullBytes = this.#fullBytes;
    this.#full = [];
    this.#fullBytes = [];
    this.#duplex.cork();
    for (let at = 0; at < full.length; at++) this.#send(full[at] as Buffer, fullBytes[at] as number);
    this.#send(last, lastBytes);
    this.#duplex.uncork();
  }

  #send(chunk: Buffer, bytes: number): void {
    if (!this.#duplex.writable) {
      this.unsentBytes -= bytes;
      giveBackChunk(chunk);
      return;
    }
    this.#given += 1;
    this.#duplex.write(bytes === CHUNK_BYTES ? chunk : chunk.subarray(0, bytes), () => {
      this.#given -= 1;
      this.unsentBytes -= bytes;
      giveBackChunk(chunk);
      this.#onTaken();
      if (!this.#isHeld) this.flush();
    });
  }

  #nextChunk(): void {
    if (this.#used > 0) {
      this.#full.push(this.buffer);
      this.#fullBytes.push(this.#used);
      this.unsentBytes += this.#used;
    }
    this.buffer = takeChunk();
    this.#used = 0;
  }
}

/** Writes the head of a frame (RFC 9113 section 4.1). @returns where its payload begins */
export function putFrameHead(
  target: Uint8Array,
  at: number,
  length: number,
  type: number,
  flags: number,
  streamId: number,
): number {
  target[at] = length >> 16;
  target[at + 1] = length >> 8;
  target[at + 2] = length;
  target[at + 3] = type;
  target[at + 4] = flags;
  putUint32(target, at + 5, streamId);
  return at + FRAME_HEAD_BYTES;
}

/** Writes a four-byte number. */
export function putUint32(target: Uint8Array, at: number, value: number): void {
  target[at] = value >>> 24;
  target[at + 1] = value >>> 16;
  target[at + 2] = value >>> 8;
  target[at + 3] = value;
}

/** Copies bytes; short ones by hand, where a call would cost more than the copy. @returns where the copy ends */
export function putBytes(target: Uint8Array, at: number, bytes: Uint8Array): number {
  const length = bytes.length;
  if (length > 64) target.set(bytes, at);
  else for (let index = 0; index < length; index++) target[at + index] = bytes[index] as number;
  return at + length;
}
