import protobuf from "protobufjs/minimal.js";
import type { Decision } from "../../engine/decision.js";
import type { RateLimit } from "../../rules/rule.js";
import { unitNumber } from "./unit-names.js";

type Writer = protobuf.Writer;

/** The longest time that google.protobuf.Duration can tell: 10,000 years. */
const MAX_DURATION_SECONDS = 315_576_000_000;
const MICROS_PER_SECOND = 1_000_000;

// A field's number and its wire type (0: a varint, 2: bytes with their length before them).
const varint = (field: number): number => (field << 3) | 0;
const bytes = (field: number): number => (field << 3) | 2;

/** The same few limits are told over and over: their bytes, by the object that the rules keep for each. */
const encodedLimits = new WeakMap<RateLimit, Uint8Array>();

/** A decision that was asked for its detail, as a weir.v1.LimitResponse. */
export function encodeLimitResponse({ overallCode, detail }: Decision): Buffer {
  const writer = protobuf.Writer.create();
  if (overallCode === "OK") writer.uint32(varint(1)).bool(true);
  if (detail !== undefined) {
    const { told, retryAfterMicros, rule, degraded } = detail;
    if (told !== undefined) {
      writer.uint32(bytes(2)).bytes(encodeLimit(told.limit));
      writer.uint32(varint(3)).uint64(told.remaining);
    }
    if (overallCode !== "OK") writeDuration(writer, 4, retryAfterMicros);
    writeDuration(writer, 5, told?.untilFullMicros);
    if (rule !== "") writer.uint32(bytes(6)).string(rule);
    if (degraded) writer.uint32(varint(7)).bool(true);
  }
  // On Node the bytes are a Buffer.
  return writer.finish() as Buffer;
}

function encodeLimit(limit: RateLimit): Uint8Array {
  const known = encodedLimits.get(limit);
  if (known !== undefined) return known;
  const { requestsPerUnit, unit, unitMultiplier, name, bucket } = limit;
  const writer = protobuf.Writer.create();
  writer.uint32(varint(1)).uint32(requestsPerUnit).uint32(varint(2)).uint32(unitNumber(unit));
  writer.uint32(varint(3)).uint32(unitMultiplier);
  if (name !== "") writer.uint32(bytes(4)).string(name);
  const encoded = writer.uint32(varint(5)).uint64(bucket.burst).finish();
  encodedLimits.set(limit, encoded);
  return encoded;
}

/** A google.protobuf.Duration; nothing for a time that is not known or never comes. */
function writeDuration(writer: Writer, field: number, micros: number | undefined): void {
  if (micros === undefined || !Number.isFinite(micros)) return;
  const seconds = Math.min(Math.floor(micros / MICROS_PER_SECOND), MAX_DURATION_SECONDS);
  const nanos = (micros % MICROS_PER_SECOND) * 1_000;
  writer.uint32(bytes(field)).fork();
  if (seconds > 0) writer.uint32(varint(1)).int64(seconds);
  if (nanos > 0) writer.uint32(varint(2)).int32(nanos);
  writer.ldelim();
}
