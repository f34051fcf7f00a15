import { CHUNK_BYTES } from "./chunk-pool.js";
import type { H2Counters } from "./counters.js";
import type { FloodGuard } from "./flood-guard.js";
import { DEFAULT_FRAME_BYTES, DEFAULT_WINDOW_BYTES, FLAG, FRAME, FRAME_HEAD_BYTES, MAX_WINDOW_BYTES } from "./frame.js";
import type { H2Limits } from "./limits.js";
import { type Output, putBytes, putFrameHead } from "./output.js";
import type { QueuedOutput, Stream } from "./stream.js";
import { writeData, writeHeaderBlock } from "./write-frames.js";

/** What the sender tells its connection. */
export interface SenderHost {
  /** The answer on this stream is complete. */
  answerEnded(stream: Stream): void;
  /** More waits for the peer's windows than may; the stream that is one too many. */
  queueOverflowed(stream: Stream): void;
}

/** "Dynamic table size update to 0": the first byte of a block after the peer has set its table limit. */
const TABLE_NOTE = Buffer.from([0x20]);

/** Sends answers as far as the peer's windows and the socket allow, and keeps the rest until they do. */
export class Sender {
  /** What may be sent on the connection, bytes. */
  window = DEFAULT_WINDOW_BYTES;
  /** What may be sent on a new stream, bytes. */
  initialWindow = DEFAULT_WINDOW_BYTES;
  /** Counts frames that had to wait: while it stands still, nothing that waits goes out. */
  progress = 0;

  readonly #output: Output;
  readonly #limits: H2Limits;
  readonly #counters: H2Counters;
  readonly #guard: FloodGuard;
  readonly #host: SenderHost;
  /** Streams with queued bytes, the one whose turn it is first. */
  readonly #waiting = new Set<Stream>();
  #queuedBytes = 0;
  #isTableNoteDue = false;
  #wasTableNoteSent = false;

  constructor(output: Output, limits: H2Limits, counters: H2Counters, guard: FloodGuard, host: SenderHost) {
    this.#output = output;
    this.#limits = limits;
    this.#counters = counters;
    this.#guard = guard;
    this.#host = host;
  }

  /** Streams with complete answers that the peer does not take. */
  *untaken(): Generator<Stream> {
    for (const stream of this.#waiting) if (stream.queued?.end !== undefined) yield stream;
  }

  hasUntaken(): boolean {
    return this.untaken().next().done !== true;
  }

  /**
   * The peer has set a limit for our encoder's table. We use none, but a peer that lowers its limit expects to be told so
   * at the beginning of the next block (RFC 7541 section 4.2). Said once, it holds for every limit.
   */
  tableLimitChanged(): void {
    if (!this.#wasTableNoteSent) this.#isTableNoteDue = true;
  }

  headers(stream: Stream, block: Uint8Array, endStream: boolean): void {
    writeHeaderBlock(this.#output, stream.id, this.#withTableNote(block), endStream);
    if (endStream) this.#host.answerEnded(stream);
  }

  data(stream: Stream, bytes: Uint8Array, endStream: boolean): void {
    if (stream.queued === undefined && this.#room(stream) >= bytes.length) {
      this.#spend(stream, bytes.length);
      writeData(this.#output, stream.id, bytes, endStream);
      if (endStream) this.#host.answerEnded(stream);
      return;
    }
    this.#enqueue(stream, bytes, endStream ? "end" : undefined);
  }

  trailers(stream: Stream, block: Uint8Array): void {
    if (stream.queued === undefined) this.headers(stream, block, true);
    else stream.queued.end ??= block;
  }

  answer(stream: Stream, headers: Uint8Array, prefix: Uint8Array, body: Uint8Array, trailers: Uint8Array): void {
    const bytes = prefix.length + body.length;
    const { length } = headers;
    const whole = 3 * FRAME_HEAD_BYTES + length + bytes + trailers.length;
    if (this.#isTableNoteDue || whole > CHUNK_BYTES / 2 || this.#room(stream) < bytes) {
      this.headers(stream, headers, false);
      this.#enqueue(stream, Buffer.concat([prefix, body], bytes), trailers);
      return;
    }
    this.#spend(stream, bytes);
    let at = this.#output.reserve(whole);
    const { buffer } = this.#output;
    at = putFrameHead(buffer, at, length, FRAME.HEADERS, FLAG.END_HEADERS, stream.id);
    at = putBytes(buffer, at, headers);
    at = putFrameHead(buffer, at, bytes, FRAME.DATA, 0, stream.id);
    at = putBytes(buffer, at, prefix);
    at = putBytes(buffer, at, body);
    const flags = FLAG.END_HEADERS | FLAG.END_STREAM;
    at = putFrameHead(buffer, at, trailers.length, FRAME.HEADERS, flags, stream.id);
    putBytes(buffer, at, trailers);
    this.#host.answerEnded(stream);
  }

  /** Sends of what waits what can go now, a frame a stream in turn. */
  pump(): void {
    for (const stream of this.#waiting) {
      if (!this.#canSend(stream)) continue;
      this.#waiting.delete(stream);
      if (this.#sendFrame(stream)) this.#waiting.add(stream);
    }
  }

  /** Drops what waits on a stream that is closed. */
  forget(stream: Stream): void {
    if (stream.queued === undefined) return;
    this.#queuedBytes -= stream.queued.bytes;
    stream.queued = undefined;
    this.#waiting.delete(stream);
  }

  /** @returns false when the window would be larger than windows may be */
  growWindow(increment: number): boolean {
    this.window += increment;
    return this.window <= MAX_WINDOW_BYTES;
  }

  #enqueue(stream: Stream, bytes: Uint8Array, end: QueuedOutput["end"]): void {
    stream.queued ??= { pieces: [], at: 0, bytes: 0, end: undefined };
    const { queued } = stream;
    queued.pieces.push(bytes);
    queued.bytes += bytes.length;
    queued.end = end;
    this.#queuedBytes += bytes.length;
    // Others that wait do so for windows of their own, or there is no room for this one either.
    while (this.#canSend(stream)) if (!this.#sendFrame(stream)) return;
    if (!this.#waiting.has(stream)) this.#counters.flowStalls += 1;
    this.#waiting.add(stream);
    if (this.#queuedBytes > this.#limits.maxQueuedBytes) this.#host.queueOverflowed(stream);
  }

  #canSend(stream: Stream): boolean {
    return stream.queued !== undefined && this.#room(stream) >= Math.min(1, stream.queued.bytes);
  }

  /** Sends one frame of what waits on a stream that has room. @returns whether more waits */
  #sendFrame(stream: Stream): boolean {
    const queued = stream.queued as QueuedOutput;
    const bytes = Math.min(queued.bytes, this.#room(stream));
    const isLast = bytes === queued.bytes;
    const endStream = isLast && queued.end === "end";
    this.#spend(stream, bytes);
    this.progress += 1;
    const at = this.#output.frame(bytes, FRAME.DATA, endStream ? FLAG.END_STREAM : 0, stream.id);
    this.#queuedBytes -= bytes;
    takeQueued(queued, this.#output.buffer, at, bytes);
    if (!isLast) return true;
    stream.queued = undefined;
    if (endStream) this.#host.answerEnded(stream);
    else if (queued.end instanceof Uint8Array) this.headers(stream, queued.end, true);
    else stream.consumer.onDrained();
    return stream.queued !== undefined;
  }

  /** The largest payload that may go out on the stream now, bytes. */
  #room(stream: Stream): number {
    if (this.#isSocketFull()) return -1;
    return Math.min(this.window, stream.sendWindow, DEFAULT_FRAME_BYTES);
  }

  #isSocketFull(): boolean {
    return this.#output.unsentBytes >= this.#limits.maxUnsentBytes;
  }

  #spend(stream: Stream, bytes: number): void {
    this.window -= bytes;
    stream.sendWindow -= bytes;
    if (bytes > 0) this.#guard.useful(1);
  }

  #withTableNote(block: Uint8Array): Uint8Array {
    if (!this.#isTableNoteDue) return block;
    this.#isTableNoteDue = false;
    this.#wasTableNoteSent = true;
    return Buffer.concat([TABLE_NOTE, block]);
  }
}

/** Moves the first `bytes` of what is queued to `target`. */
function takeQueued(queued: QueuedOutput, target: Uint8Array, at: number, bytes: number): void {
  let to = at;
  let left = bytes;
  queued.bytes -= bytes;
  while (left > 0) {
    const piece = queued.pieces[0] as Uint8Array;
    const taken = Math.min(left, piece.length - queued.at);
    target.set(piece.subarray(queued.at, queued.at + taken), to);
    to += taken;
    left -= taken;
    queued.at += taken;
    if (queued.at === piece.length) {
      queued.pieces.shift();
      queued.at = 0;
    }
  }
}
