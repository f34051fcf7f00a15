import { readUint32 } from "../h2/frame.js";
import { putUint32 } from "../h2/output.js";
import { fieldValue } from "../h2/request-head.js";
import type { Stream, StreamConsumer } from "../h2/stream.js";
import {
  ANSWER_HEADERS,
  answerHeaders,
  OK_TRAILERS,
  statusOnly,
  statusTrailers,
  unknownEncodingAnswer,
} from "./answer-blocks.js";
import type { CallContext } from "./call-context.js";
import { countStatus } from "./call-counters.js";
import type { CallHead } from "./call-head.js";
import type { Expiring } from "./deadline-wheel.js";
import { isKnownEncoding } from "./decompressor.js";
import { MESSAGE_HEAD_BYTES, MessageReader } from "./message-reader.js";
import { Metadata } from "./metadata.js";
import type { MetadataSource } from "./metadata-fields.js";
import { type CallStatus, STATUS } from "./status.js";

/** What a handler may know of its call besides the request. */
export interface UnaryCallInfo {
  readonly path: string;
  /** How long the caller will wait from now on, milliseconds: 0 when it has gone, Infinity when it did not say. */
  readonly remainingMillis: number;
  /** Whether nobody waits for an answer any more: the caller has gone, or its time is over. */
  readonly isCancelled: boolean;
  /** Made when it is asked for. */
  readonly metadata: Metadata;
  /** The first value of a field, as it was sent; found without making `metadata`. */
  metadataValue(name: string): string | undefined;
  readonly peer: string;
  /** `listener` is called when nobody waits any more; at once if that is so already. */
  onCancel(listener: () => void): void;
}

/** The bytes of a response, or a status that is not OK. */
export type UnaryAnswer = Uint8Array | CallStatus;

/**
 * A unary method: the bytes of a request in, an answer out, at once where that can be. The bytes stay as they are, but
 * hold on to the memory of all that was read with them. What it throws is answered UNKNOWN.
 */
export type UnaryHandler = (message: Buffer, call: UnaryCallInfo) => UnaryAnswer | Promise<UnaryAnswer>;

/** As UnaryHandler; with undefined it says that it will call `UnaryCall.answer` itself. */
export type UnaryRunner = (message: Buffer, call: UnaryCall) => UnaryAnswer | Promise<UnaryAnswer> | undefined;

/** The head of the message at hand; copied as it is sent. */
const messageHead = Buffer.alloc(MESSAGE_HEAD_BYTES);

/** One call of a unary method. */
export class UnaryCall implements StreamConsumer, UnaryCallInfo, Expiring {
  readonly expiresAtMillis: number;
  previous: Expiring | undefined = undefined;
  next: Expiring | undefined = undefined;
  slot = -1;
  isCancelled = false;

  readonly #stream: Stream;
  readonly #head: CallHead<unknown>;
  readonly #run: UnaryRunner;
  readonly #context: CallContext;
  #reader: MessageReader | undefined;
  #request: Buffer | undefined;
  #giveUpDecompression: (() => void) | undefined;
  #isCompressed = false;
  /** Whether a promise of the handler's is not settled. */
  #isRunning = false;
  #isAnswered = false;
  #areHeadersSent = false;
  #onCancel: (() => void)[] | undefined;
  #metadata: Metadata | undefined;

  constructor(stream: Stream, head: CallHead<unknown>, run: UnaryRunner, context: CallContext) {
    this.#stream = stream;
    this.#head = head;
    this.#run = run;
    this.#context = context;
    this.expiresAtMillis = stream.openedAtMillis + (head.timeoutMillis ?? 0);
    if (this.expiresAtMillis !== Number.POSITIVE_INFINITY) context.deadlines.add(this);
  }

  get path(): string {
    return this.#head.path;
  }

  get authority(): string {
    return this.#head.authority;
  }

  get remainingMillis(): number {
    return this.isCancelled ? 0 : Math.max(0, this.expiresAtMillis - this.#context.clock());
  }

  get metadata(): Metadata {
    this.#metadata ??= Metadata.fromFields(this.#head.fields);
    return this.#metadata;
  }

  metadataValue(name: string): string | undefined {
    return fieldValue(this.#head.fields, name);
  }

  get peer(): string {
    return this.#stream.peer;
  }

  onCancel(listener: () => void): void {
    if (this.isCancelled) {
      listener();
      return;
    }
    this.#onCancel ??= [];
    this.#onCancel.push(listener);
  }

  onData(bytes: Buffer, start: number, end: number, endOfStream: boolean): void {
    if (this.#isAnswered) return;
    const length = end - start - MESSAGE_HEAD_BYTES;
    const isWhole = endOfStream && this.#reader === undefined && length >= 0 && bytes[start] === 0;
    if (isWhole && readUint32(bytes, start + 1) === length && length <= this.#context.maxMessageBytes) {
      this.#invoke(bytes.subarray(start + MESSAGE_HEAD_BYTES, end));
      return;
    }
    this.#reader ??= this.#createReader();
    const fault = this.#reader.push(bytes, start, end);
    if (fault !== undefined) this.answer(fault);
    else if (endOfStream) this.#onRequestEnd();
    else this.#stream.takeBytes(end - start);
  }

  onTrailers(): void {
    this.#onRequestEnd();
  }

  onClosed(): void {
    if (this.#isAnswered) return;
    this.#isAnswered = true;
    this.#context.counters.cancelled += 1;
    this.#cancel();
  }

  onExpired(): void {
    this.answer({ code: STATUS.DEADLINE_EXCEEDED, details: "Deadline exceeded" });
    this.#cancel();
  }

  onDrained(): void {}

  /** Sends the headers of the answer before it is there. */
  sendMetadata(metadata: MetadataSource): void {
    if (this.#isAnswered || this.#areHeadersSent) return;
    this.#areHeadersSent = true;
    this.#stream.sendHeaders(answerHeaders(metadata));
  }

  /** Answers the call; only the first answer counts. @param trailers trailing metadata of a response */
  answer(answer: UnaryAnswer, trailers?: MetadataSource): void {
    if (this.#isAnswered) return;
    this.#isAnswered = true;
    this.#release();
    if (answer instanceof Uint8Array) this.#sendResponse(answer, trailers);
    else this.#sendStatus(answer);
  }

  #createReader(): MessageReader {
    const { maxMessageBytes, allowance } = this.#context;
    return new MessageReader(maxMessageBytes, allowance, this.#stream.owner, (message, isCompressed) => {
      if (this.#request !== undefined) this.answer({ code: STATUS.UNIMPLEMENTED, details: "more than one request" });
      this.#request = message;
      this.#isCompressed = isCompressed;
    });
  }

  #onRequestEnd(): void {
    if (this.#isAnswered) return;
    if (this.#reader?.isInsideMessage) {
      this.answer({ code: STATUS.INTERNAL, details: "the request ended inside a message" });
    } else if (this.#request === undefined) {
      this.answer({ code: STATUS.UNIMPLEMENTED, details: "no request" });
    } else if (this.#isCompressed) {
      this.#decompress(this.#request);
    } else {
      this.#invoke(this.#request);
    }
  }

  #decompress(message: Buffer): void {
    const { encoding } = this.#head;
    if (encoding === "identity") {
      this.answer({ code: STATUS.INTERNAL, details: "a compressed message without an encoding" });
    } else if (!isKnownEncoding(encoding)) {
      this.#isAnswered = true;
      this.#release();
      countStatus(this.#context.counters, STATUS.UNIMPLEMENTED);
      this.#stream.sendHeaders(unknownEncodingAnswer(encoding), true);
    } else {
      this.#giveUpDecompression = this.#context.decompressor.decompress(message, encoding, (result) => {
        if (this.#isAnswered) return;
        if (result instanceof Uint8Array) this.#invoke(result);
        else this.answer(result);
      });
    }
  }

  #invoke(message: Buffer): void {
    let answer: ReturnType<UnaryRunner>;
    try {
      answer = this.#run(message, this);
    } catch (error) {
      this.fail(error);
      return;
    }
    if (answer === undefined) return;
    if (!(answer instanceof Promise)) {
      this.answer(answer);
      return;
    }
    this.#isRunning = true;
    answer.then(
      (settled) => {
        this.#onSettled();
        this.answer(settled);
      },
      (error: unknown) => {
        this.#onSettled();
        this.fail(error);
      },
    );
  }

  /** Work that goes on after the call has ended holds its place at the connection. */
  #onSettled(): void {
    this.#isRunning = false;
    if (this.isCancelled) this.#stream.workEnded();
  }

  /** Answers the call for something that the method threw. */
  fail(error: unknown): void {
    this.#context.onFault(error);
    this.answer({ code: STATUS.UNKNOWN, details: "the method failed" });
  }

  #cancel(): void {
    this.#release();
    this.isCancelled = true;
    if (this.#isRunning) this.#stream.workGoesOn();
    const listeners = this.#onCancel ?? [];
    this.#onCancel = undefined;
    for (const listener of listeners) {
      try {
        listener();
      } catch (error) {
        this.#context.onFault(error);
      }
    }
  }

  #release(): void {
    this.#context.deadlines.remove(this);
    this.#reader?.close();
    this.#giveUpDecompression?.();
  }

  #sendResponse(message: Uint8Array, trailers: MetadataSource | undefined): void {
    const end = trailers === undefined ? OK_TRAILERS : statusTrailers({ code: STATUS.OK, metadata: trailers });
    countStatus(this.#context.counters, STATUS.OK);
    putUint32(messageHead, 1, message.length);
    if (this.#areHeadersSent) {
      this.#stream.sendData(Buffer.concat([messageHead, message]));
      this.#stream.sendTrailers(end);
    } else {
      this.#stream.sendAnswer(ANSWER_HEADERS, messageHead, message, end);
    }
  }

  #sendStatus(status: CallStatus): void {
    countStatus(this.#context.counters, status.code);
    if (this.#areHeadersSent) this.#stream.sendTrailers(statusTrailers(status));
    else this.#stream.sendHeaders(statusOnly(status), true);
  }
}
