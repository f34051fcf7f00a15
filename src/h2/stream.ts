import type { RequestHead } from "./request-head.js";

/** What the one who answers a request is told about it. None of these may throw. */
export interface StreamConsumer {
  /**
   * Bytes of the request, in `bytes` between `start` and `end`; perhaps none. That memory is not used again. Whoever is
   * done with them says so by `Stream.takeBytes`, or the peer will run out of window.
   */
  onData(bytes: Buffer, start: number, end: number, endOfStream: boolean): void;

  /** The request ended with trailing fields (names and values in turn). */
  onTrailers(fields: readonly string[]): void;

  /**
   * The stream was reset, or its connection is gone: nobody waits for an answer. Not called after an answer is complete.
   * Work that cannot be stopped must be told by `Stream.workGoesOn`.
   */
  onClosed(code: number): void;

  /** All that was queued for the peer's windows has gone out. */
  onDrained(): void;
}

/** Called for each request. The stream may be answered at once. */
export type RequestListener = (stream: Stream, head: RequestHead, endOfStream: boolean) => StreamConsumer;

/** What a stream needs of its connection. */
export interface StreamOwner {
  /** The peer's address, for logs and policies. */
  readonly peer: string;
  sendHeaders(stream: Stream, block: Uint8Array, endStream: boolean): void;
  sendData(stream: Stream, bytes: Uint8Array, endStream: boolean): void;
  sendTrailers(stream: Stream, block: Uint8Array): void;
  sendAnswer(stream: Stream, headers: Uint8Array, prefix: Uint8Array, body: Uint8Array, trailers: Uint8Array): void;
  resetStream(stream: Stream, code: number): void;
  takeBytes(stream: Stream, count: number): void;
  workGoesOn(): void;
  workEnded(): void;
}

/** What waits for the peer's windows. */
export interface QueuedOutput {
  readonly pieces: Uint8Array[];
  /** The first byte of the first piece that has not gone out. */
  at: number;
  bytes: number;
  /** What ends the stream after the pieces: a block of trailing fields, or END_STREAM on the last byte. */
  end: Uint8Array | "end" | undefined;
}

/** A request and its answer. After it is closed, all that is sent on it is dropped. */
export class Stream {
  readonly id: number;
  /** When it was opened, milliseconds on the clock of the connection. */
  readonly openedAtMillis: number;
  consumer: StreamConsumer = NOBODY;

  // The rest is the connection's own.
  readonly owner: StreamOwner;
  sendWindow: number;
  receiveWindow: number;
  /** Bytes taken that the peer has not been told of. */
  untoldBytes = 0;
  expectedBytes = -1;
  receivedBytes = 0;
  /** Whether the request may take as long as it likes; set by whoever takes one that streams. */
  isRequestEndless = false;
  isRemoteEnded = false;
  isLocalEnded = false;
  isClosed = false;
  queued: QueuedOutput | undefined;

  constructor(owner: StreamOwner, id: number, openedAtMillis: number, sendWindow: number, receiveWindow: number) {
    this.owner = owner;
    this.id = id;
    this.openedAtMillis = openedAtMillis;
    this.sendWindow = sendWindow;
    this.receiveWindow = receiveWindow;
  }

  /** Sends a header block as made by `encodeFields`. */
  sendHeaders(block: Uint8Array, endStream = false): void {
    if (!this.isLocalEnded) this.owner.sendHeaders(this, block, endStream);
  }

  /** Sends bytes, or queues those for which there is no window. They must not change afterwards. */
  sendData(bytes: Uint8Array, endStream = false): void {
    if (!this.isLocalEnded) this.owner.sendData(this, bytes, endStream);
  }

  /** Ends the answer with trailing fields, after all bytes. */
  sendTrailers(block: Uint8Array): void {
    if (!this.isLocalEnded) this.owner.sendTrailers(this, block);
  }

  /** A whole answer at once: headers, the bytes of `prefix` and `body`, trailing fields. The prefix is copied. */
  sendAnswer(headers: Uint8Array, prefix: Uint8Array, body: Uint8Array, trailers: Uint8Array): void {
    if (!this.isLocalEnded) this.owner.sendAnswer(this, headers, prefix, body, trailers);
  }

  /** Ends the stream without an answer, or without the rest of it. */
  reset(code: number): void {
    if (!this.isClosed) this.owner.resetStream(this, code);
  }

  /** Lets the peer send as many bytes more. */
  takeBytes(count: number): void {
    if (!this.isRemoteEnded && count > 0) this.owner.takeBytes(this, count);
  }

  /** Work for this stream goes on after its end. It takes a place of `maxAbandonedStreams` until `workEnded`. */
  workGoesOn(): void {
    this.owner.workGoesOn();
  }

  /** Work that went on has ended. */
  workEnded(): void {
    this.owner.workEnded();
  }

  /** Bytes that wait for the peer's windows. */
  get queuedBytes(): number {
    return this.queued?.bytes ?? 0;
  }

  get peer(): string {
    return this.owner.peer;
  }
}

/** Takes what comes before the listener has said who takes it, which is nothing. */
const NOBODY: StreamConsumer = {
  onData() {},
  onTrailers() {},
  onClosed() {},
  onDrained() {},
};
