import { ConnectionError } from "./connection-error.js";
import { ERROR_CODE } from "./error-code.js";
import { FRAME_HEAD_BYTES, readUint31 } from "./frame.js";

/** Takes frames, each with its payload whole in `bytes` between `start` and `end`. That memory is not used again. */
export interface FrameSink {
  onFrame(type: number, flags: number, streamId: number, bytes: Buffer, start: number, end: number): void;
}

/** The first memory for a frame that came in part; it grows with what has come, never with what was announced. */
const FIRST_PART_BYTES = 512;

/** Cuts what a socket gives into frames. A frame that is whole in its chunk is read where it is. */
export class FrameReader {
  readonly #sink: FrameSink;
  readonly #maxFrameBytes: number;
  /** A frame of which the beginning has come, and how much of it. */
  #part: Buffer | undefined;
  #partBytes = 0;
  #partsStarted = 0;

  constructor(sink: FrameSink, maxFrameBytes: number) {
    this.#sink = sink;
    this.#maxFrameBytes = maxFrameBytes;
  }

  /** The number of the frame of which only the beginning has come; 0 where there is none. */
  get unfinished(): number {
    return this.#part === undefined ? 0 : this.#partsStarted;
  }

  /**
   * @param from where in the chunk to begin
   * @throws ConnectionError on a frame larger than allowed, and whatever the sink throws
   */
  read(chunk: Buffer, from: number): void {
    let at = this.#part === undefined ? from : this.#completePart(chunk, from);
    while (chunk.length - at >= FRAME_HEAD_BYTES) {
      const end = at + FRAME_HEAD_BYTES + this.#payloadLength(chunk, at);
      if (end > chunk.length) break;
      this.#emit(chunk, at, end);
      at = end;
    }
    if (at < chunk.length) this.#startPart(chunk, at);
  }

  #emit(bytes: Buffer, at: number, end: number): void {
    const type = bytes[at + 3] as number;
    const flags = bytes[at + 4] as number;
    this.#sink.onFrame(type, flags, readUint31(bytes, at + 5), bytes, at + FRAME_HEAD_BYTES, end);
  }

  #payloadLength(bytes: Buffer, at: number): number {
    const length = ((bytes[at] as number) << 16) | ((bytes[at + 1] as number) << 8) | (bytes[at + 2] as number);
    if (length > this.#maxFrameBytes) throw new ConnectionError(ERROR_CODE.FRAME_SIZE_ERROR, "frame too large");
    return length;
  }

  #startPart(chunk: Buffer, at: number): void {
    const bytes = chunk.length - at;
    this.#partsStarted += 1;
    this.#part = Buffer.allocUnsafe(Math.max(FIRST_PART_BYTES, bytes));
    this.#partBytes = chunk.copy(this.#part, 0, at);
  }

  /** @returns where in the chunk the next frame begins */
  #completePart(chunk: Buffer, from: number): number {
    let at = from;
    if (this.#partBytes < FRAME_HEAD_BYTES) {
      at = this.#fillPart(chunk, at, FRAME_HEAD_BYTES);
      if (this.#partBytes < FRAME_HEAD_BYTES) return at;
    }
    const whole = FRAME_HEAD_BYTES + this.#payloadLength(this.#part as Buffer, 0);
    at = this.#fillPart(chunk, at, whole);
    if (this.#partBytes < whole) return at;
    const part = this.#part as Buffer;
    this.#part = undefined;
    this.#emit(part, 0, whole);
    return at;
  }

  /** Copies until the part has `wanted` bytes or the chunk is used up. @returns where in the chunk it stopped */
  #fillPart(chunk: Buffer, from: number, wanted: number): number {
    const bytes = Math.min(wanted - this.#partBytes, chunk.length - from);
    const needed = this.#partBytes + bytes;
    let part = this.#part as Buffer;
    if (needed > part.length) {
      const larger = Buffer.allocUnsafe(Math.min(wanted, Math.max(needed, part.length * 2)));
      part.copy(larger, 0, 0, this.#partBytes);
      part = larger;
      this.#part = larger;
    }
    chunk.copy(part, this.#partBytes, from, from + bytes);
    this.#partBytes = needed;
    return from + bytes;
  }
}
