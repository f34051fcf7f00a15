import { encodeHuffman, huffmanLength } from "./huffman-encode.js";
import { STATIC_TABLE } from "./static-table.js";

/** A field of an answer: lower case name, value in latin1. */
export type Field = readonly [name: string, value: string];

const EXACT = new Map(STATIC_TABLE.map(({ name, value }, at) => [`${name}\0${value}`, at + 1]));
// From the end, so that the first of several fields with one name is the one that stays.
const BY_NAME = new Map(STATIC_TABLE.map(({ name }, at): [string, number] => [name, at + 1]).reverse());

/**
 * A block for the fields that needs no table but the static one: it reads the same on every connection and at any time, so
 * it can be made once and sent for ever. What the static table does not hold is sent as a literal that is not indexed.
 */
export function encodeFields(fields: Iterable<Field>): Buffer {
  const parts: Buffer[] = [];
  for (const [name, value] of fields) {
    const exact = EXACT.get(`${name}\0${value}`);
    if (exact !== undefined) {
      parts.push(encodeInteger(exact, 0x7f, 0x80));
      continue;
    }
    const named = BY_NAME.get(name) ?? 0;
    parts.push(encodeInteger(named, 0x0f, 0x00));
    if (named === 0) parts.push(encodeString(name));
    parts.push(encodeString(value));
  }
  return Buffer.concat(parts);
}

/** RFC 7541 section 5.1: `pattern` holds the bits above the prefix. */
function encodeInteger(value: number, prefixMask: number, pattern: number): Buffer {
  if (value < prefixMask) return Buffer.from([pattern | value]);
  const bytes = [pattern | prefixMask];
  let rest = value - prefixMask;
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  bytes.push(rest);
  return Buffer.from(bytes);
}

/** RFC 7541 section 5.2: as Huffman where that is shorter. */
function encodeString(text: string): Buffer {
  const bytes = Buffer.from(text, "latin1");
  const shorter = huffmanLength(bytes) < bytes.length;
  const body = shorter ? encodeHuffman(bytes) : bytes;
  return Buffer.concat([encodeInteger(body.length, 0x7f, shorter ? 0x80 : 0x00), body]);
}
