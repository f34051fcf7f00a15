import { ConnectionError } from "./connection-error.js";
import type { H2Context } from "./context.js";
import { ERROR_CODE, ERROR_CODE_NAMES, type ErrorCodeName } from "./error-code.js";
import type { FloodGuard } from "./flood-guard.js";
import { DEFAULT_WINDOW_BYTES } from "./frame.js";
import { encodeFields } from "./hpack/encode-fields.js";
import type { Output } from "./output.js";
import type { RequestHead } from "./request-head.js";
import { Sender, type SenderHost } from "./sender.js";
import { Stream, type StreamOwner } from "./stream.js";
import { StreamTable } from "./stream-table.js";
import { writeReset, writeWindowUpdate } from "./write-frames.js";

const TOO_LARGE = encodeFields([
  [":status", "431"],
  ["content-length", "0"],
]);

/** The life of the streams of one connection: how they open, are answered, and close. */
export class Streams implements StreamOwner, SenderHost {
  readonly table: StreamTable;
  readonly sender: Sender;
  readonly peer: string;
  /** The time of the turn, milliseconds; kept by the connection. */
  nowMillis: number;
  /** When there were streams last, milliseconds. */
  idleSinceMillis: number;
  /** Whether new streams are refused because the connection is about to end. */
  isClosing = false;
  /** What new streams may receive, bytes. A peer that has not seen our settings uses the default. */
  receiveWindow: number;

  readonly #context: H2Context;
  readonly #output: Output;
  readonly #guard: FloodGuard;
  readonly #onEmpty: () => void;
  #abandoned = 0;

  /** @param onEmpty called when the last open stream has closed */
  constructor(context: H2Context, output: Output, guard: FloodGuard, peer: string, onEmpty: () => void) {
    this.#context = context;
    this.#output = output;
    this.#guard = guard;
    this.#onEmpty = onEmpty;
    this.peer = peer;
    this.nowMillis = context.clock();
    this.idleSinceMillis = this.nowMillis;
    this.receiveWindow = Math.max(DEFAULT_WINDOW_BYTES, context.limits.streamWindowBytes);
    this.table = new StreamTable(context.limits.maxConcurrentStreams);
    this.sender = new Sender(output, context.limits, context.counters, guard, this);
  }

  /** Opens a stream for a request that can be taken, or refuses it. */
  open(id: number, head: RequestHead, endOfStream: boolean): void {
    const { limits, counters, onRequest } = this.#context;
    const isFull = this.table.size >= limits.maxConcurrentStreams || this.#abandoned >= limits.maxAbandonedStreams;
    if (isFull || this.isClosing) {
      this.#refuse(id);
      return;
    }
    const stream = new Stream(this, id, this.nowMillis, this.sender.initialWindow, this.receiveWindow);
    stream.isRemoteEnded = endOfStream;
    stream.expectedBytes = head.contentLength;
    this.table.add(stream);
    counters.streamsOpened += 1;
    counters.streamsOpen += 1;
    if (head.isTooLarge) {
      counters.headersTooLarge += 1;
      stream.sendHeaders(TOO_LARGE, true);
    } else {
      stream.consumer = onRequest(stream, head, endOfStream);
    }
  }

  /** The peer has reset a stream. */
  peerReset(stream: Stream, code: number): void {
    this.#context.counters.resetsReceived += 1;
    this.#close(stream, code);
  }

  /** The peer has done something wrong with a stream, open or not. @throws ConnectionError when that comes too often */
  streamError(id: number, code: number): void {
    const stream = this.table.get(id);
    this.#context.counters.streamErrors[ERROR_CODE_NAMES[code] as ErrorCodeName] += 1;
    if (stream === undefined) this.#writeReset(id, code);
    else this.resetStream(stream, code);
    this.#guard.streamError(this.nowMillis);
  }

  /** @throws ConnectionError where a frame is for no stream that there has been */
  mustHaveBeen(id: number): void {
    if (id !== 0 && this.table.absent(id) !== "idle") return;
    throw new ConnectionError(ERROR_CODE.PROTOCOL_ERROR, "a frame on an idle stream");
  }

  /** Gives up requests that take too long to come. Streams are kept in the order in which they were opened. */
  giveUpLateRequests(): void {
    const { limits, counters } = this.#context;
    for (const stream of this.table.all()) {
      if (this.nowMillis - stream.openedAtMillis < limits.requestMillis) return;
      if (stream.isRemoteEnded || stream.isRequestEndless) continue;
      counters.timeouts.request += 1;
      this.resetStream(stream, ERROR_CODE.CANCEL);
    }
  }

  /** The connection is gone, and with it all streams. */
  closeAll(): void {
    for (const stream of [...this.table.all()]) this.#close(stream, ERROR_CODE.CANCEL);
  }

  sendHeaders(stream: Stream, block: Uint8Array, endStream: boolean): void {
    this.sender.headers(stream, block, endStream);
  }

  sendData(stream: Stream, bytes: Uint8Array, endStream: boolean): void {
    this.sender.data(stream, bytes, endStream);
  }

  sendTrailers(stream: Stream, block: Uint8Array): void {
    this.sender.trailers(stream, block);
  }

  sendAnswer(stream: Stream, headers: Uint8Array, prefix: Uint8Array, body: Uint8Array, trailers: Uint8Array): void {
    this.sender.answer(stream, headers, prefix, body, trailers);
  }

  resetStream(stream: Stream, code: number): void {
    this.#writeReset(stream.id, code);
    this.#close(stream, code);
  }

  takeBytes(stream: Stream, count: number): void {
    stream.untoldBytes += count;
    if (stream.untoldBytes < this.#context.limits.streamWindowBytes / 2) return;
    writeWindowUpdate(this.#output, stream.id, stream.untoldBytes);
    stream.receiveWindow += stream.untoldBytes;
    stream.untoldBytes = 0;
  }

  workGoesOn(): void {
    this.#abandoned += 1;
  }

  workEnded(): void {
    this.#abandoned -= 1;
  }

  /** A peer that has not ended its request is told not to send the rest (RFC 9113 section 8.1). */
  answerEnded(stream: Stream): void {
    stream.isLocalEnded = true;
    if (!stream.isRemoteEnded) this.#writeReset(stream.id, ERROR_CODE.NO_ERROR);
    this.#remove(stream);
  }

  queueOverflowed(stream: Stream): void {
    this.resetStream(stream, ERROR_CODE.ENHANCE_YOUR_CALM);
  }

  #refuse(id: number): void {
    this.#context.counters.streamsRefused += 1;
    this.#writeReset(id, ERROR_CODE.REFUSED_STREAM);
    this.#guard.overhead(this.nowMillis);
  }

  #close(stream: Stream, code: number): void {
    stream.isLocalEnded = true;
    this.#remove(stream);
    stream.consumer.onClosed(code);
  }

  #remove(stream: Stream): void {
    stream.isClosed = true;
    stream.isRemoteEnded = true;
    this.sender.forget(stream);
    this.table.delete(stream.id);
    this.#context.counters.streamsOpen -= 1;
    if (this.table.size > 0) return;
    this.idleSinceMillis = this.#context.clock();
    this.#onEmpty();
  }

  #writeReset(id: number, code: number): void {
    this.#context.counters.resetsSent += 1;
    this.table.rememberEnded(id);
    writeReset(this.#output, id, code);
  }
}
