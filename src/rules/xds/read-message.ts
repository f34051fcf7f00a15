import protobuf from "protobufjs/minimal.js";
import type { FaultCode } from "../fault-codes.js";

/*
 * What decoding a message of protobuf needs. Elsewhere only grpc/ knows protobuf, but rules must be decoded in the
 * thread that checks them, so that no decision waits for it, and rules/ may not import grpc/.
 */

export type Reader = protobuf.Reader;

/** Bytes that are not the message they should be. */
export class InvalidMessage extends Error {
  override readonly name = "InvalidMessage";
  readonly code: FaultCode;

  constructor(message: string, code: FaultCode = "unreadable") {
    super(message);
    this.code = code;
  }
}

/** How a field's value is written, from protobuf's encoding. */
const VARINT = 0;
const EIGHT_BYTES = 1;
const LENGTH_DELIMITED = 2;
const FOUR_BYTES = 5;

/** A field's number and how it is written, as they stand before its value. */
export const varintField = (number: number): number => (number << 3) | VARINT;
export const doubleField = (number: number): number => (number << 3) | EIGHT_BYTES;
/** For text, bytes and messages. */
export const lengthField = (number: number): number => (number << 3) | LENGTH_DELIMITED;

/** Reads the value of a field whose tag was read; one that comes twice is read twice. */
export type FieldReaders = { readonly [tag: number]: (reader: Reader) => void };

/**
 * Reads a message field by field. Fields without a reader are skipped, as proto3 wants it.
 * @throws Error for bytes that are no message
 */
export function readMessage(bytes: Uint8Array, fields: FieldReaders): void {
  const reader = protobuf.Reader.create(bytes);
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    const read = fields[tag];
    if (read === undefined) skipValue(tag, reader);
    else read(reader);
  }
}

// The reader's own skipType follows groups as deep as they nest. Nothing here has groups.
function skipValue(tag: number, reader: Reader): void {
  if (tag >>> 3 === 0) throw new InvalidMessage("invalid field number 0");
  const type = tag & 7;
  if (type === VARINT) reader.skip();
  else if (type === EIGHT_BYTES) reader.skip(8);
  else if (type === LENGTH_DELIMITED) reader.skip(reader.uint32());
  else if (type === FOUR_BYTES) reader.skip(4);
  else throw new InvalidMessage(`unsupported wire type ${type}`);
}

const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** @throws InvalidMessage for text that is not UTF-8 */
export function readText(reader: Reader): string {
  try {
    return UTF8.decode(reader.bytes());
  } catch (error) {
    if (error instanceof TypeError) throw new InvalidMessage("a string is not valid UTF-8");
    throw error;
  }
}
