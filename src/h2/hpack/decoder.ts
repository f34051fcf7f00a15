import { DynamicTable, fieldSize } from "./dynamic-table.js";
import { HpackError } from "./hpack-error.js";
import { decodeHuffman } from "./huffman-decode.js";
import { STATIC_TABLE, type TableField } from "./static-table.js";

/** RFC 7541 section 5.1 allows any integer; nothing that a block can mean needs more than these bits. */
const MAX_INTEGER = 2 ** 28 - 1;

/** The table size that an encoder may use before it hears of another, bytes (RFC 9113 section 6.5.2). */
export const DEFAULT_TABLE_BYTES = 4_096;

/** What a block says. */
export interface DecodedFields {
  /** Names and values in turn: name, value, name, value, as latin1. Cut short where the list is over its limit. */
  readonly list: readonly string[];
  /** The size of all fields as RFC 9113 section 6.5.2 counts it, those that were cut off too, bytes. */
  readonly bytes: number;
}

/** Room for a decoded Huffman string; strings are made from it at once, so all decoders share it. */
let scratch = Buffer.allocUnsafeSlow(1_024);

/** Decodes the header blocks of one connection, in order (RFC 7541). */
export class HpackDecoder {
  readonly #table = new DynamicTable(DEFAULT_TABLE_BYTES);
  #limit = DEFAULT_TABLE_BYTES;
  #mustShrink = false;
  #generation = 0;
  #bytes: Buffer = scratch;
  #at = 0;
  #end = 0;

  /** A number that changes whenever the table does: equal blocks at one generation mean the same. */
  get generation(): number {
    return this.#generation;
  }

  /**
   * Sets what the encoder may set its table to, from the moment it has acknowledged that (RFC 7541 section 4.2). Where its
   * table is larger than that, its next block must begin by making it smaller.
   */
  setTableLimit(bytes: number): void {
    this.#limit = bytes;
    this.#mustShrink = this.#table.capacity > bytes;
  }

  /**
   * Decodes one whole block.
   *
   * @param maxListBytes fields beyond this size are decoded for the table's sake, and left out of the list
   * @throws HpackError on a block that is wrong; the decoder is of no use after that
   */
  decode(bytes: Buffer, start: number, end: number, maxListBytes: number): DecodedFields {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
    this.#readTableSizes();
    const list: string[] = [];
    let size = 0;
    while (this.#at < this.#end) {
      const field = this.#readField();
      size += fieldSize(field.name, field.value);
      if (size <= maxListBytes) list.push(field.name, field.value);
    }
    this.#bytes = scratch;
    return { list, bytes: size };
  }

  /** Table size updates stand at the beginning of a block or nowhere. */
  #readTableSizes(): void {
    while (this.#at < this.#end && ((this.#bytes[this.#at] as number) & 0xe0) === 0x20) {
      const capacity = this.#readInteger(0x1f);
      if (capacity > this.#limit) throw new HpackError("a table size above the limit");
      this.#table.resize(capacity);
      this.#generation += 1;
      this.#mustShrink = false;
    }
    if (this.#mustShrink) throw new HpackError("the table was not made smaller");
  }

  #readField(): TableField {
    const byte = this.#bytes[this.#at] as number;
    if (byte & 0x80) return this.#fieldAt(this.#readInteger(0x7f));
    if (byte & 0x40) {
      const field = this.#readLiteral(0x3f);
      this.#table.insert(field);
      this.#generation += 1;
      return field;
    }
    if (byte & 0x20) throw new HpackError("a table size update after a field");
    return this.#readLiteral(0x0f);
  }

  #readLiteral(prefixMask: number): TableField {
    const index = this.#readInteger(prefixMask);
    const name = index === 0 ? this.#readString() : this.#fieldAt(index).name;
    return { name, value: this.#readString() };
  }

  #fieldAt(index: number): TableField {
    const field =
      index <= STATIC_TABLE.length ? STATIC_TABLE[index - 1] : this.#table.field(index - STATIC_TABLE.length - 1);
    if (field === undefined) throw new HpackError("an index that no table has");
    return field;
  }

  /** RFC 7541 section 5.1. The prefix is in the byte at hand. */
  #readInteger(prefixMask: number): number {
    let value = this.#readByte() & prefixMask;
    if (value < prefixMask) return value;
    for (let shift = 0; shift <= 28; shift += 7) {
      const byte = this.#readByte();
      value += (byte & 0x7f) * 2 ** shift;
      if (value > MAX_INTEGER) break;
      if (byte < 0x80) return value;
    }
    throw new HpackError("an integer out of range");
  }

  /** RFC 7541 section 5.2. */
  #readString(): string {
    if (this.#at >= this.#end) throw new HpackError("a block that ends inside a field");
    const isHuffman = ((this.#bytes[this.#at] as number) & 0x80) !== 0;
    const length = this.#readInteger(0x7f);
    const start = this.#at;
    if (length > this.#end - start) throw new HpackError("a string longer than its block");
    this.#at = start + length;
    if (!isHuffman) return this.#bytes.toString("latin1", start, this.#at);
    const room = Math.ceil((length * 8) / 5);
    if (room > scratch.length) scratch = Buffer.allocUnsafeSlow(room);
    const written = decodeHuffman(this.#bytes, start, this.#at, scratch);
    return scratch.toString("latin1", 0, written);
  }

  #readByte(): number {
    if (this.#at >= this.#end) throw new HpackError("a block that ends inside a field");
    return this.#bytes[this.#at++] as number;
  }
}
