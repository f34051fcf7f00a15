import protobuf from "protobufjs/minimal.js";
import type { Code, CurrentLimit, Decision, DescriptorStatus } from "../../engine/decision.js";
import type { HeaderField } from "../../engine/header-field.js";
import type { JsonObject, JsonValue } from "../../rules/rule.js";
import { unitNumber } from "./unit-names.js";

type Writer = protobuf.Writer;

const CODES: Readonly<Record<Code, number>> = { OK: 1, OVER_LIMIT: 2 };

// A field's number and its wire type (0: a varint, 1: a double, 2: bytes with their length before them).
const varint = (field: number): number => (field << 3) | 0;
const double = (field: number): number => (field << 3) | 1;
const bytes = (field: number): number => (field << 3) | 2;

/** The same few limits are told over and over: their bytes, by the object that the engine keeps for each. */
const encodedLimits = new WeakMap<CurrentLimit, Uint8Array>();

/** The decision as a RateLimitResponse, statuses one to one. */
export function encodeResponse(decision: Decision): Buffer {
  const { overallCode, statuses, dynamicMetadata, denyResponse, responseHeaders } = decision;
  const writer = protobuf.Writer.create();
  writer.uint32(varint(1)).uint32(CODES[overallCode]);
  for (const status of statuses) writeStatus(writer.uint32(bytes(2)).fork(), status).ldelim();
  if (denyResponse !== undefined) writeHeaders(writer, denyResponse.headers);
  if (responseHeaders !== undefined) writeHeaders(writer, responseHeaders);
  if (denyResponse?.body !== undefined) writer.uint32(bytes(5)).string(denyResponse.body);
  if (dynamicMetadata !== undefined) writeStruct(writer.uint32(bytes(6)).fork(), dynamicMetadata).ldelim();
  // On Node the bytes are a Buffer.
  return writer.finish() as Buffer;
}

/** response_headers_to_add. */
function writeHeaders(writer: Writer, headers: readonly HeaderField[]): void {
  for (const { key, value } of headers) {
    writer.uint32(bytes(3)).fork().uint32(bytes(1)).string(key).uint32(bytes(2)).string(value).ldelim();
  }
}

function writeStatus(writer: Writer, status: DescriptorStatus): Writer {
  const { code, currentLimit, limitRemaining, durationUntilResetSeconds: seconds } = status;
  writer.uint32(varint(1)).uint32(CODES[code]);
  if (currentLimit !== undefined) writer.uint32(bytes(2)).bytes(encodeLimit(currentLimit));
  if (limitRemaining !== undefined) writer.uint32(varint(3)).uint32(limitRemaining);
  if (seconds !== undefined) writer.uint32(bytes(4)).fork().uint32(varint(1)).int64(seconds).ldelim();
  return writer;
}

function encodeLimit(limit: CurrentLimit): Uint8Array {
  const known = encodedLimits.get(limit);
  if (known !== undefined) return known;
  const { requestsPerUnit, unit, unitMultiplier, name } = limit;
  const writer = protobuf.Writer.create();
  writer.uint32(varint(1)).uint32(requestsPerUnit).uint32(varint(2)).uint32(unitNumber(unit));
  if (name !== undefined) writer.uint32(bytes(3)).string(name);
  if (unitMultiplier !== undefined) writer.uint32(bytes(4)).fork().uint32(varint(1)).uint32(unitMultiplier).ldelim();
  const encoded = writer.finish();
  encodedLimits.set(limit, encoded);
  return encoded;
}

/** google.protobuf.Struct: a map of names to values. */
function writeStruct(writer: Writer, object: JsonObject): Writer {
  for (const [key, value] of Object.entries(object)) {
    const field = writer.uint32(bytes(1)).fork().uint32(bytes(1)).string(key);
    writeValue(field.uint32(bytes(2)).fork(), value)
      .ldelim()
      .ldelim();
  }
  return writer;
}

/** google.protobuf.Value: exactly one of its fields, written even when it is 0 or empty. */
function writeValue(writer: Writer, value: JsonValue): Writer {
  if (value === null) return writer.uint32(varint(1)).uint32(0);
  if (typeof value === "number") return writer.uint32(double(2)).double(value);
  if (typeof value === "string") return writer.uint32(bytes(3)).string(value);
  if (typeof value === "boolean") return writer.uint32(varint(4)).bool(value);
  if (!isList(value)) return writeStruct(writer.uint32(bytes(5)).fork(), value).ldelim();
  const list = writer.uint32(bytes(6)).fork();
  for (const item of value) writeValue(list.uint32(bytes(1)).fork(), item).ldelim();
  return list.ldelim();
}

/** Array.isArray does not narrow a readonly array. */
function isList(value: readonly JsonValue[] | JsonObject): value is readonly JsonValue[] {
  return Array.isArray(value);
}
