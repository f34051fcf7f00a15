import protobuf from "protobufjs/minimal.js";
import type { Entry } from "../../rules/rule.js";
import { decodeEntry, endOf, expectEnd, push } from "./decode-request.js";

type Reader = protobuf.Reader;

/** A decoded weir.v1.LimitRequest. */
export interface LimitRequest {
  readonly domain: string;
  /** The entries of each descriptor. */
  readonly descriptors: readonly (readonly Entry[])[];
  /** At most 2^53 - 1 (D1). Absent where it was not sent. */
  readonly hits?: number;
}

// A field's number and its wire type (0: a varint, 2: bytes with their length before them).
const REQUEST = { domain: (1 << 3) | 2, descriptors: (2 << 3) | 2, hits: (3 << 3) | 0 };
const DESCRIPTOR = { entries: (1 << 3) | 2 };

/**
 * A LimitRequest, read straight from its bytes. Whether it makes sense is for the service to say.
 * @throws Error for bytes that are not the message
 */
export function decodeLimitRequest(encoded: Uint8Array): LimitRequest {
  const reader = protobuf.Reader.create(encoded);
  const descriptors: Entry[][] = [];
  let domain = "";
  let hits: number | undefined;
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (tag === REQUEST.domain) domain = reader.string();
    else if (tag === REQUEST.descriptors) push(descriptors, decodeEntries(reader, endOf(reader)));
    // Rounding cannot hide a number above the clamp: what is above it stays at or above it as a double.
    else if (tag === REQUEST.hits) hits = Math.min(Number(reader.uint64()), Number.MAX_SAFE_INTEGER);
    else reader.skipType(tag & 7);
  }
  return hits === undefined ? { domain, descriptors } : { domain, descriptors, hits };
}

function decodeEntries(reader: Reader, end: number): Entry[] {
  const entries: Entry[] = [];
  while (reader.pos < end) {
    const tag = reader.uint32();
    // Laid out as Envoy's.
    if (tag === DESCRIPTOR.entries) push(entries, decodeEntry(reader, endOf(reader)));
    else reader.skipType(tag & 7);
  }
  expectEnd(reader, end);
  return entries;
}
