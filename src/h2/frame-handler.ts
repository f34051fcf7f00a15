import { ConnectionError } from "./connection-error.js";
import { ConnectionFrames, type ConnectionSignals } from "./connection-frames.js";
import type { H2Context } from "./context.js";
import { ERROR_CODE } from "./error-code.js";
import type { FloodGuard } from "./flood-guard.js";
import { DEFAULT_WINDOW_BYTES, FLAG, FRAME, readUint31, readUint32 } from "./frame.js";
import type { FrameSink } from "./frame-reader.js";
import { HeaderReader } from "./header-reader.js";
import type { Output } from "./output.js";
import { faultOfFields } from "./request-head.js";
import type { Stream } from "./stream.js";
import type { Streams } from "./streams.js";
import { writeWindowUpdate } from "./write-frames.js";

/** Does what the peer's frames say. ConnectionError and HpackError, thrown by all methods, end the connection. */
export class FrameHandler implements FrameSink {
  /** Whether the first frame, which must be SETTINGS, has come. */
  isGreeted = false;

  readonly #context: H2Context;
  readonly #output: Output;
  readonly #streams: Streams;
  readonly #guard: FloodGuard;
  readonly #connection: ConnectionFrames;
  readonly #headers: HeaderReader;
  #window: number;
  #untoldBytes = 0;
  #selfDependentId = 0;

  constructor(context: H2Context, output: Output, streams: Streams, guard: FloodGuard, signals: ConnectionSignals) {
    this.#context = context;
    this.#output = output;
    this.#streams = streams;
    this.#guard = guard;
    this.#headers = new HeaderReader(context.limits);
    this.#connection = new ConnectionFrames(output, streams, guard, this.#headers, signals);
    this.#window = Math.max(DEFAULT_WINDOW_BYTES, context.limits.connectionWindowBytes);
  }

  /** The stream whose header block is not complete; 0 where there is none. */
  get openBlockId(): number {
    return this.#headers.openStreamId;
  }

  onFrame(type: number, flags: number, streamId: number, bytes: Buffer, start: number, end: number): void {
    if (!this.isGreeted) this.#greet(type, flags);
    if (this.#headers.openStreamId !== 0) {
      this.#onContinuation(type, flags, streamId, bytes, start, end);
      return;
    }
    switch (type) {
      case FRAME.DATA:
        this.#onData(flags, streamId, bytes, start, end);
        return;
      case FRAME.HEADERS:
        this.#onHeaders(flags, streamId, bytes, start, end);
        return;
      case FRAME.PRIORITY:
        this.#onPriority(streamId, bytes, start, end);
        return;
      case FRAME.RST_STREAM:
        this.#onReset(streamId, bytes, start, end);
        return;
      case FRAME.SETTINGS:
        this.#connection.onSettings(flags, streamId, bytes, start, end);
        return;
      case FRAME.PING:
        this.#connection.onPing(flags, streamId, bytes, start, end);
        return;
      case FRAME.GOAWAY:
        this.#connection.onGoAway(streamId, start, end);
        return;
      case FRAME.WINDOW_UPDATE:
        this.#connection.onWindowUpdate(streamId, bytes, start, end);
        return;
      case FRAME.PUSH_PROMISE:
        throw new ConnectionError(ERROR_CODE.PROTOCOL_ERROR, "PUSH_PROMISE from a client");
      case FRAME.CONTINUATION:
        throw new ConnectionError(ERROR_CODE.PROTOCOL_ERROR, "CONTINUATION without HEADERS");
      default:
        this.#guard.overhead(this.#streams.nowMillis);
    }
  }

  /** To be called when the input at hand has been read: tells the peer of its window, and sends what has got room. */
  afterRead(): void {
    if (this.#untoldBytes >= this.#context.limits.connectionWindowBytes / 2) {
      writeWindowUpdate(this.#output, 0, this.#untoldBytes);
      this.#window += this.#untoldBytes;
      this.#untoldBytes = 0;
    }
    this.#streams.sender.pump();
  }

  #greet(type: number, flags: number): void {
    if (type !== FRAME.SETTINGS || flags & FLAG.ACK) {
      throw new ConnectionError(ERROR_CODE.PROTOCOL_ERROR, "the first frame is not SETTINGS");
    }
    this.isGreeted = true;
  }

  #onData(flags: number, id: number, bytes: Buffer, payloadStart: number, payloadEnd: number): void {
    const whole = payloadEnd - payloadStart;
    // What came is given back at once: memory is bounded a stream and by the consumers, so this window is for pace alone.
    this.#window -= whole;
    this.#untoldBytes += whole;
    if (this.#window < 0)
      throw new ConnectionError(ERROR_CODE.FLOW_CONTROL_ERROR, "data above the connection's window");
    const padded = (flags & FLAG.PADDED) !== 0;
    const end = padded ? unpaddedEnd(bytes, payloadStart, payloadEnd) : payloadEnd;
    const start = padded ? payloadStart + 1 : payloadStart;
    const stream = this.#streams.table.get(id);
    if (stream === undefined) {
      this.#onAbsentData(id);
      return;
    }
    if (stream.isRemoteEnded) {
      this.#streams.streamError(id, ERROR_CODE.STREAM_CLOSED);
      return;
    }
    if (whole > stream.receiveWindow) {
      this.#streams.streamError(id, ERROR_CODE.FLOW_CONTROL_ERROR);
      return;
    }
    stream.receiveWindow -= whole;
    stream.receivedBytes += end - start;
    const endOfStream = (flags & FLAG.END_STREAM) !== 0;
    if (hasWrongLength(stream, endOfStream)) {
      this.#streams.streamError(id, ERROR_CODE.PROTOCOL_ERROR);
      return;
    }
    if (end > start) this.#guard.useful(1);
    else if (!endOfStream) this.#guard.overhead(this.#streams.nowMillis);
    if (endOfStream) stream.isRemoteEnded = true;
    else if (padded) stream.takeBytes(whole - (end - start));
    stream.consumer.onData(bytes, start, end, endOfStream);
  }

  #onAbsentData(id: number): void {
    const state = id === 0 ? "idle" : this.#streams.table.absent(id);
    if (state === "idle" || state === "skipped")
      throw new ConnectionError(ERROR_CODE.PROTOCOL_ERROR, "DATA on no stream");
    if (state === "closed") this.#streams.streamError(id, ERROR_CODE.STREAM_CLOSED);
    else this.#guard.overhead(this.#streams.nowMillis);
  }

  #onHeaders(flags: number, id: number, bytes: Buffer, payloadStart: number, payloadEnd: number): void {
    if (id % 2 === 0) throw new ConnectionError(ERROR_CODE.PROTOCOL_ERROR, "HEADERS on a stream that clients have not");
    let start = payloadStart;
    let end = payloadEnd;
    if (flags & FLAG.PADDED) {
      end = unpaddedEnd(bytes, start, end);
      start += 1;
    }
    if (flags & FLAG.PRIORITY) {
      if (end - start < 5) throw new ConnectionError(ERROR_CODE.FRAME_SIZE_ERROR, "HEADERS too short");
      if (readUint31(bytes, start) === id) this.#selfDependentId = id;
      start += 5;
    }
    if (flags & FLAG.END_HEADERS) this.#onBlock(id, flags, bytes, start, end);
    else this.#headers.open(id, flags, bytes.subarray(start, end));
  }

  #onContinuation(type: number, flags: number, id: number, bytes: Buffer, start: number, end: number): void {
    const { openStreamId, openFlags } = this.#headers;
    if (type !== FRAME.CONTINUATION || id !== openStreamId) {
      throw new ConnectionError(ERROR_CODE.PROTOCOL_ERROR, "a frame inside a header block");
    }
    const block = this.#headers.proceed(bytes.subarray(start, end), (flags & FLAG.END_HEADERS) !== 0);
    if (block !== undefined) this.#onBlock(id, openFlags, block, 0, block.length);
  }

  /** A whole header block. It is decoded whatever becomes of it: the next one builds on it. */
  #onBlock(id: number, flags: number, bytes: Buffer, start: number, end: number): void {
    const endOfStream = (flags & FLAG.END_STREAM) !== 0;
    const { table } = this.#streams;
    const stream = table.get(id);
    if (stream !== undefined) {
      this.#onTrailers(stream, endOfStream, bytes, start, end);
      return;
    }
    const state = table.absent(id);
    if (state === "skipped") throw new ConnectionError(ERROR_CODE.PROTOCOL_ERROR, "stream numbers must rise");
    if (state === "closed") throw new ConnectionError(ERROR_CODE.STREAM_CLOSED, "HEADERS on a closed stream");
    const head = this.#headers.request(bytes, start, end);
    if (state === "ended-by-us") {
      this.#guard.overhead(this.#streams.nowMillis);
      return;
    }
    table.use(id);
    const isWrong = head.fault !== undefined || this.#selfDependentId === id || (endOfStream && head.contentLength > 0);
    if (isWrong) this.#streams.streamError(id, ERROR_CODE.PROTOCOL_ERROR);
    else this.#streams.open(id, head, endOfStream);
  }

  #onTrailers(stream: Stream, endOfStream: boolean, bytes: Buffer, start: number, end: number): void {
    const fields = this.#headers.trailers(bytes, start, end);
    if (stream.isRemoteEnded) {
      this.#streams.streamError(stream.id, ERROR_CODE.STREAM_CLOSED);
      return;
    }
    if (fields === undefined) {
      this.#streams.streamError(stream.id, ERROR_CODE.ENHANCE_YOUR_CALM);
      return;
    }
    const isWrong = !endOfStream || hasWrongLength(stream, true) || faultOfFields(fields) !== undefined;
    if (isWrong) {
      this.#streams.streamError(stream.id, ERROR_CODE.PROTOCOL_ERROR);
      return;
    }
    stream.isRemoteEnded = true;
    stream.consumer.onTrailers(fields);
  }

  /** Priorities are not used (RFC 9113 section 5.3.2), but must be well formed. */
  #onPriority(id: number, bytes: Buffer, start: number, end: number): void {
    if (id === 0) throw new ConnectionError(ERROR_CODE.PROTOCOL_ERROR, "PRIORITY on no stream");
    if (end - start !== 5) this.#onWrongPriority(id, ERROR_CODE.FRAME_SIZE_ERROR);
    else if (readUint31(bytes, start) === id) this.#onWrongPriority(id, ERROR_CODE.PROTOCOL_ERROR);
    else this.#guard.overhead(this.#streams.nowMillis);
  }

  /** An idle stream cannot be reset. */
  #onWrongPriority(id: number, code: number): void {
    if (this.#streams.table.absent(id) === "idle") throw new ConnectionError(code, "a wrong PRIORITY");
    this.#streams.streamError(id, code);
  }

  #onReset(id: number, bytes: Buffer, start: number, end: number): void {
    if (end - start !== 4) throw new ConnectionError(ERROR_CODE.FRAME_SIZE_ERROR, "RST_STREAM of a wrong length");
    const stream = this.#streams.table.get(id);
    if (stream !== undefined) {
      this.#guard.reset(stream, this.#streams.nowMillis);
      this.#streams.peerReset(stream, readUint32(bytes, start));
      return;
    }
    this.#streams.mustHaveBeen(id);
    this.#guard.overhead(this.#streams.nowMillis);
  }
}

/** Where the payload of a padded frame ends (RFC 9113 section 6.1). */
function unpaddedEnd(bytes: Buffer, start: number, end: number): number {
  const unpadded = end - (end > start ? (bytes[start] as number) : 0);
  if (end === start || unpadded <= start) throw new ConnectionError(ERROR_CODE.PROTOCOL_ERROR, "wrong padding");
  return unpadded;
}

/** Whether what has come contradicts the content-length. */
function hasWrongLength(stream: Stream, isAll: boolean): boolean {
  if (stream.expectedBytes < 0) return false;
  return stream.receivedBytes > stream.expectedBytes || (isAll && stream.receivedBytes < stream.expectedBytes);
}
