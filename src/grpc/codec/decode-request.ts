import protobuf from "protobufjs/minimal.js";
import type { Descriptor, Override, RateLimitRequest } from "../../engine/request.js";
import type { Entry } from "../../rules/rule.js";
import { unitFromNumber } from "./unit-names.js";

/**
 * More descriptors or entries than any proxy sends: beyond them a request of a few megabytes would keep the process
 * from answering others for seconds.
 */
const MAX_ITEMS = 10_000;

type Reader = protobuf.Reader;
type Draft<Message> = { -readonly [Field in keyof Message]: Message[Field] };

// A field's number and its wire type (0: a varint, 2: bytes with their length before them), as protobuf tags it.
// What has another tag is a field that we do not know, and is passed over.
const varint = (field: number): number => (field << 3) | 0;
const bytes = (field: number): number => (field << 3) | 2;

const REQUEST = { domain: bytes(1), descriptors: bytes(2), hitsAddend: varint(3) };
const DESCRIPTOR = { entries: bytes(1), limit: bytes(2), hitsAddend: bytes(3), isNegativeHits: varint(4) };
const ENTRY = { key: bytes(1), value: bytes(2) };
const OVERRIDE = { requestsPerUnit: varint(1), unit: varint(2), unitMultiplier: bytes(3) };
const WRAPPER_VALUE = varint(1);

/**
 * A RateLimitRequest as the engine takes it, read straight from its bytes. Whether it makes sense is for the engine to
 * say (D10). Bytes that are not UTF-8 read as U+FFFD.
 * @throws Error for bytes that are not the message
 */
export function decodeRequest(encoded: Uint8Array): RateLimitRequest {
  const reader = protobuf.Reader.create(encoded);
  const descriptors: Descriptor[] = [];
  const request: Draft<RateLimitRequest> = { domain: "", descriptors, hitsAddend: 0 };
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if (tag === REQUEST.domain) request.domain = reader.string();
    else if (tag === REQUEST.descriptors) push(descriptors, decodeDescriptor(reader, endOf(reader)));
    else if (tag === REQUEST.hitsAddend) request.hitsAddend = reader.uint32();
    else reader.skipType(tag & 7);
  }
  return request;
}

function decodeDescriptor(reader: Reader, end: number): Descriptor {
  const entries: Entry[] = [];
  const descriptor: Draft<Descriptor> = { entries, isNegativeHits: false };
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (tag === DESCRIPTOR.entries) push(entries, decodeEntry(reader, endOf(reader)));
    else if (tag === DESCRIPTOR.limit) descriptor.limit = decodeOverride(reader, endOf(reader));
    // D1: present and 0 is not absent.
    else if (tag === DESCRIPTOR.hitsAddend) descriptor.hitsAddend = decodeHits(reader, endOf(reader));
    else if (tag === DESCRIPTOR.isNegativeHits) descriptor.isNegativeHits = reader.bool();
    else reader.skipType(tag & 7);
  }
  expectEnd(reader, end);
  return descriptor;
}

/** A descriptor's entry, of Envoy's or of our own API. */
export function decodeEntry(reader: Reader, end: number): Entry {
  let key = "";
  let value = "";
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (tag === ENTRY.key) key = reader.string();
    else if (tag === ENTRY.value) value = reader.string();
    else reader.skipType(tag & 7);
  }
  expectEnd(reader, end);
  return { key, value };
}

function decodeOverride(reader: Reader, end: number): Override {
  const override: Draft<Override> = { requestsPerUnit: 0 };
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (tag === OVERRIDE.requestsPerUnit) override.requestsPerUnit = reader.uint32();
    else if (tag === OVERRIDE.unit) {
      const unit = unitFromNumber(reader.int32());
      if (unit === undefined) delete override.unit;
      else override.unit = unit;
    } else if (tag === OVERRIDE.unitMultiplier) override.unitMultiplier = decodeUint32(reader, endOf(reader));
    else reader.skipType(tag & 7);
  }
  expectEnd(reader, end);
  return override;
}

/** google.protobuf.UInt32Value. */
function decodeUint32(reader: Reader, end: number): number {
  let value = 0;
  while (reader.pos < end) {
    const tag = reader.uint32();
    if (tag === WRAPPER_VALUE) value = reader.uint32();
    else reader.skipType(tag & 7);
  }
  expectEnd(reader, end);
  return value;
}

/** google.protobuf.UInt64Value, exact up to 2^53 - 1 and clamped there (D1). */
function decodeHits(reader: Reader, end: number): number {
  let hits = 0;
  while (reader.pos < end) {
    const tag = reader.uint32();
    // Rounding cannot hide a number above the clamp: what is above it stays at or above it as a double.
    if (tag === WRAPPER_VALUE) hits = Math.min(Number(reader.uint64()), Number.MAX_SAFE_INTEGER);
    else reader.skipType(tag & 7);
  }
  expectEnd(reader, end);
  return hits;
}

/** Where the message ends whose length comes now. */
export function endOf(reader: Reader): number {
  const length = reader.uint32();
  const end = reader.pos + length;
  if (end > reader.len) throw new RangeError(`a message of ${length} bytes goes beyond the end`);
  return end;
}

/** A field inside a message must not go beyond it. */
export function expectEnd(reader: Reader, end: number): void {
  if (reader.pos !== end) throw new RangeError("a field goes beyond the end of its message");
}

/** Adds to a list of bounded length. */
export function push<Item>(items: Item[], item: Item): void {
  if (items.length >= MAX_ITEMS) throw new RangeError(`more than ${MAX_ITEMS} descriptors or entries`);
  items.push(item);
}
