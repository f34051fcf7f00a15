import { ConnectionError } from "./connection-error.js";
import { ERROR_CODE } from "./error-code.js";
import { BlockCache } from "./hpack/block-cache.js";
import { type DecodedFields, HpackDecoder } from "./hpack/decoder.js";
import type { H2Limits } from "./limits.js";
import { parseRequestHead, type RequestHead } from "./request-head.js";

/** Puts header blocks together from HEADERS and CONTINUATION frames, and reads them. */
export class HeaderReader {
  /** The stream whose block is not complete: nothing but its CONTINUATION may come. 0 where there is none. */
  openStreamId = 0;
  /** The flags of the HEADERS frame that began the block. */
  openFlags = 0;

  readonly #limits: H2Limits;
  readonly #decoder = new HpackDecoder();
  readonly #cache = new BlockCache<RequestHead>();
  #parts: Buffer[] = [];
  #partBytes = 0;

  constructor(limits: H2Limits) {
    this.#limits = limits;
  }

  /** To be called when the peer has acknowledged our settings. */
  settingsAcknowledged(): void {
    this.#decoder.setTableLimit(this.#limits.headerTableBytes);
  }

  /** Takes the first part of a block that goes on in CONTINUATION frames. */
  open(streamId: number, flags: number, part: Buffer): void {
    this.openStreamId = streamId;
    this.openFlags = flags;
    this.#parts = [];
    this.#partBytes = 0;
    this.#addPart(part);
  }

  /**
   * Takes the next part of the open block.
   *
   * @returns the whole block when this was its last part
   * @throws ConnectionError ENHANCE_YOUR_CALM on a block of too many bytes or parts
   */
  proceed(part: Buffer, isLast: boolean): Buffer | undefined {
    if (this.#parts.length > this.#limits.maxContinuations) {
      throw new ConnectionError(ERROR_CODE.ENHANCE_YOUR_CALM, "too many CONTINUATION frames");
    }
    this.#addPart(part);
    if (!isLast) return undefined;
    const block = Buffer.concat(this.#parts);
    this.openStreamId = 0;
    this.#parts = [];
    return block;
  }

  /** The head of a request. @throws HpackError on a block that cannot be read, ConnectionError on one too large */
  request(bytes: Buffer, start: number, end: number): RequestHead {
    const { generation } = this.#decoder;
    const known = this.#cache.find(bytes, start, end, generation);
    if (known !== undefined) return known;
    const maxListBytes = this.#limits.maxHeaderListBytes;
    const head = parseRequestHead(this.#decode(bytes, start, end), maxListBytes);
    if (this.#decoder.generation === generation) this.#cache.add(bytes, start, end, generation, head);
    return head;
  }

  /** Trailing fields: names and values in turn, or undefined where they are over the limit. Throws as `request` does. */
  trailers(bytes: Buffer, start: number, end: number): readonly string[] | undefined {
    const decoded = this.#decode(bytes, start, end);
    return decoded.bytes > this.#limits.maxHeaderListBytes ? undefined : decoded.list;
  }

  #decode(bytes: Buffer, start: number, end: number): DecodedFields {
    this.#checkSize(end - start);
    return this.#decoder.decode(bytes, start, end, this.#limits.maxHeaderListBytes);
  }

  #addPart(part: Buffer): void {
    this.#partBytes += part.length;
    this.#checkSize(this.#partBytes);
    // A copy: the part's memory is a whole chunk of the socket, and the block may never be complete.
    this.#parts.push(Buffer.from(part));
  }

  #checkSize(bytes: number): void {
    if (bytes <= this.#limits.maxHeaderBlockBytes) return;
    throw new ConnectionError(ERROR_CODE.ENHANCE_YOUR_CALM, "header block too large");
  }
}
