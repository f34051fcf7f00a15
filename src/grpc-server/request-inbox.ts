import type { Stream } from "../h2/stream.js";
import { ByteQueue } from "./byte-queue.js";
import type { CallContext } from "./call-context.js";
import { type Decompressed, isKnownEncoding } from "./decompressor.js";
import { MessageReader } from "./message-reader.js";
import { type CallStatus, STATUS } from "./status.js";

/** What the inbox tells its call. */
export interface InboxOwner {
  /** A message, whole and decompressed; the next one comes after `want`. */
  onMessage(message: Buffer): void;
  /** There are no more. */
  onEnd(): void;
  /** The request is wrong. */
  onFault(status: CallStatus): void;
  onUnknownEncoding(): void;
}

interface RawMessage {
  readonly bytes: Buffer;
  readonly isCompressed: boolean;
}

/**
 * The messages of a streaming request. They are given out one at a time, as they are wanted, and stay bytes until then:
 * the peer may send more when those are read, so what waits here is bounded by the window of the stream.
 */
export class RequestInbox {
  readonly #stream: Stream;
  readonly #encoding: string;
  readonly #context: CallContext;
  readonly #owner: InboxOwner;
  readonly #reader: MessageReader;
  readonly #unread = new ByteQueue();
  #message: RawMessage | undefined;
  #isWanted = false;
  #isDecompressing = false;
  #giveUpDecompression: (() => void) | undefined;
  #isGivingOut = false;
  #hasEnded = false;
  #isClosed = false;

  constructor(stream: Stream, encoding: string, context: CallContext, owner: InboxOwner) {
    this.#stream = stream;
    this.#encoding = encoding;
    this.#context = context;
    this.#owner = owner;
    const { maxMessageBytes, allowance } = context;
    this.#reader = new MessageReader(maxMessageBytes, allowance, stream.owner, (bytes, isCompressed) => {
      this.#message = { bytes, isCompressed };
    });
  }

  push(bytes: Buffer, start: number, end: number): void {
    if (this.#isClosed) return;
    this.#unread.add(bytes, start, end);
    this.#giveOut();
    this.#unread.own();
  }

  end(): void {
    this.#hasEnded = true;
    this.#giveOut();
  }

  /** Asks for one more message. */
  want(): void {
    this.#isWanted = true;
    this.#giveOut();
  }

  close(): void {
    this.#isClosed = true;
    this.#unread.start = this.#unread.end;
    this.#unread.own();
    this.#reader.close();
    this.#giveUpDecompression?.();
  }

  /** Gives out what is wanted and there. A message given out may want the next one, so this is no recursion. */
  #giveOut(): void {
    if (this.#isGivingOut) return;
    this.#isGivingOut = true;
    while (this.#isWanted && !this.#isDecompressing && !this.#isClosed) {
      const next = this.#readMessage();
      if (next === undefined) break;
      if (next.isCompressed) this.#decompress(next.bytes);
      else this.#give(next.bytes);
    }
    this.#isGivingOut = false;
    if (this.#isClosed || this.#isDecompressing || this.#unread.length > 0) return;
    if (this.#hasEnded && this.#isWanted) this.#giveEnd();
  }

  /** Reads until a message is whole. @returns it, or undefined where there is none, or the request is wrong */
  #readMessage(): RawMessage | undefined {
    const unread = this.#unread;
    this.#message = undefined;
    while (this.#message === undefined && unread.length > 0) {
      const count = Math.min(unread.length, this.#reader.missingBytes);
      const fault = this.#reader.push(unread.bytes, unread.start, unread.start + count);
      unread.start += count;
      this.#stream.takeBytes(count);
      if (fault === undefined) continue;
      this.#owner.onFault(fault);
      return undefined;
    }
    return this.#message;
  }

  #give(message: Buffer): void {
    this.#isWanted = false;
    this.#owner.onMessage(message);
  }

  #giveEnd(): void {
    const isCut = this.#reader.isInsideMessage;
    this.close();
    if (isCut) this.#owner.onFault({ code: STATUS.INTERNAL, details: "the request ended inside a message" });
    else this.#owner.onEnd();
  }

  #decompress(bytes: Buffer): void {
    if (this.#encoding === "identity") {
      this.#owner.onFault({ code: STATUS.INTERNAL, details: "a compressed message without an encoding" });
      return;
    }
    if (!isKnownEncoding(this.#encoding)) {
      this.#owner.onUnknownEncoding();
      return;
    }
    this.#isDecompressing = true;
    const { decompressor } = this.#context;
    this.#giveUpDecompression = decompressor.decompress(bytes, this.#encoding, (result) => {
      this.#onDecompressed(result);
    });
  }

  #onDecompressed(result: Decompressed): void {
    this.#isDecompressing = false;
    if (this.#isClosed) return;
    if (!(result instanceof Uint8Array)) {
      this.#owner.onFault(result);
      return;
    }
    this.#give(result);
    this.#giveOut();
  }
}
