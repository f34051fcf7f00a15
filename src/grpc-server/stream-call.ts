import { putUint32 } from "../h2/output.js";
import type { Stream, StreamConsumer } from "../h2/stream.js";
import { answerHeaders, statusOnly, statusTrailers, unknownEncodingAnswer } from "./answer-blocks.js";
import type { CallContext } from "./call-context.js";
import { countStatus } from "./call-counters.js";
import type { CallHead } from "./call-head.js";
import type { Expiring } from "./deadline-wheel.js";
import { MESSAGE_HEAD_BYTES } from "./message-reader.js";
import { Metadata } from "./metadata.js";
import type { MetadataSource } from "./metadata-fields.js";
import { type InboxOwner, RequestInbox } from "./request-inbox.js";
import { type CallStatus, STATUS } from "./status.js";

/** The one who serves a streaming call. */
export interface StreamCallOwner {
  onMessage(message: Buffer): void;
  onEnd(): void;
  /** The call has ended. `isCancelled`: before it was answered. */
  onFinished(isCancelled: boolean): void;
}

/** One call of a method that streams one way or both. */
export class StreamCall implements StreamConsumer, InboxOwner, Expiring {
  readonly expiresAtMillis: number;
  readonly metadata: Metadata;
  readonly path: string;
  readonly authority: string;
  previous: Expiring | undefined = undefined;
  next: Expiring | undefined = undefined;
  slot = -1;

  readonly #stream: Stream;
  readonly #encoding: string;
  readonly #context: CallContext;
  readonly #owner: StreamCallOwner;
  readonly #inbox: RequestInbox;
  #areHeadersSent = false;
  #isFinished = false;
  #onDrained: (() => void) | undefined;

  constructor(
    stream: Stream,
    head: CallHead<unknown>,
    context: CallContext,
    owner: (call: StreamCall) => StreamCallOwner,
  ) {
    this.#stream = stream;
    this.#encoding = head.encoding;
    this.#context = context;
    this.path = head.path;
    this.authority = head.authority;
    this.metadata = Metadata.fromFields(head.fields);
    this.#inbox = new RequestInbox(stream, head.encoding, context, this);
    this.expiresAtMillis = stream.openedAtMillis + (head.timeoutMillis ?? 0);
    if (this.expiresAtMillis !== Number.POSITIVE_INFINITY) context.deadlines.add(this);
    this.#owner = owner(this);
  }

  get peer(): string {
    return this.#stream.peer;
  }

  get remainingMillis(): number {
    return Math.max(0, this.expiresAtMillis - this.#context.clock());
  }

  /** Asks for one more message of the request. */
  want(): void {
    this.#inbox.want();
  }

  onData(bytes: Buffer, start: number, end: number, endOfStream: boolean): void {
    this.#inbox.push(bytes, start, end);
    if (endOfStream) this.#inbox.end();
  }

  onTrailers(): void {
    this.#inbox.end();
  }

  onClosed(): void {
    if (this.#isFinished) return;
    this.#context.counters.cancelled += 1;
    this.#finish(true);
  }

  onDrained(): void {
    const onDrained = this.#onDrained;
    this.#onDrained = undefined;
    onDrained?.();
  }

  onExpired(): void {
    this.#sendStatus({ code: STATUS.DEADLINE_EXCEEDED, details: "Deadline exceeded" });
    this.#finish(true);
  }

  onMessage(message: Buffer): void {
    try {
      this.#owner.onMessage(message);
    } catch (error) {
      this.fail(error);
    }
  }

  onEnd(): void {
    this.#owner.onEnd();
  }

  /** The request is wrong: what the method says from now on is not heard. */
  onFault(status: CallStatus): void {
    if (this.#isFinished) return;
    this.#sendStatus(status);
    this.#finish(true);
  }

  onUnknownEncoding(): void {
    if (this.#isFinished) return;
    countStatus(this.#context.counters, STATUS.UNIMPLEMENTED);
    if (this.#areHeadersSent) this.#stream.sendTrailers(statusTrailers({ code: STATUS.UNIMPLEMENTED }));
    else this.#stream.sendHeaders(unknownEncodingAnswer(this.#encoding), true);
    this.#finish(true);
  }

  sendMetadata(metadata: MetadataSource | undefined): void {
    if (this.#isFinished || this.#areHeadersSent) return;
    this.#areHeadersSent = true;
    this.#stream.sendHeaders(answerHeaders(metadata));
  }

  /** @param onSent called when there is room for more */
  sendMessage(message: Uint8Array, onSent: () => void): void {
    if (this.#isFinished) {
      onSent();
      return;
    }
    this.sendMetadata(undefined);
    const framed = Buffer.allocUnsafe(MESSAGE_HEAD_BYTES + message.length);
    framed[0] = 0;
    putUint32(framed, 1, message.length);
    framed.set(message, MESSAGE_HEAD_BYTES);
    this.#stream.sendData(framed);
    if (this.#stream.queuedBytes > 0) this.#onDrained = onSent;
    else onSent();
  }

  /** Ends the call; only the first end counts. */
  finish(status: CallStatus): void {
    if (this.#isFinished) return;
    if (status.code === STATUS.OK) this.sendMetadata(undefined);
    this.#sendStatus(status);
    this.#finish(false);
  }

  /** Ends the call for something that the method threw. */
  fail(error: unknown): void {
    this.#context.onFault(error);
    this.finish({ code: STATUS.UNKNOWN, details: "the method failed" });
  }

  #sendStatus(status: CallStatus): void {
    countStatus(this.#context.counters, status.code);
    if (this.#areHeadersSent) this.#stream.sendTrailers(statusTrailers(status));
    else this.#stream.sendHeaders(statusOnly(status), true);
  }

  #finish(isCancelled: boolean): void {
    this.#isFinished = true;
    this.#context.deadlines.remove(this);
    this.#inbox.close();
    this.onDrained();
    try {
      this.#owner.onFinished(isCancelled);
    } catch (error) {
      this.#context.onFault(error);
    }
  }
}
