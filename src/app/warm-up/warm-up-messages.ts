import protobuf from "protobufjs/minimal.js";
import { WARM_UP_DOMAIN } from "./warm-up-rules.js";

type Writer = protobuf.Writer;

/** Field numbers: RateLimitRequest. */
const [DOMAIN, DESCRIPTORS] = [1, 2];
/** RateLimitDescriptor. */
const [ENTRIES, LIMIT, HITS_ADDEND, IS_NEGATIVE_HITS] = [1, 2, 3, 4];
/** Entry; RateLimitOverride; and the one field of a wrapped number. */
const [KEY, VALUE, REQUESTS_PER_UNIT, UNIT, WRAPPED] = [1, 2, 1, 2, 1];

const SECOND = 1;

/** Addresses that warm-up requests come from. */
const ADDRESSES = 16;

/**
 * A round of RateLimitRequests as Envoy writes them. Most are as most are; the others bring what happens now and then:
 * several descriptors and limits, refusals, costs reported afterwards, refunds, overrides, and nothing to limit.
 * @param round so that clients differ
 */
export function warmUpMessages(round: number): readonly Buffer[] {
  const address = `192.0.2.${round % ADDRESSES}`;
  const byAddress = descriptor([entry("address", address)]);
  return [
    request(byAddress),
    request(byAddress, descriptor([entry("path", "/login")])),
    request(byAddress),
    request(descriptor([entry("path", "/api/orders"), entry("address", address)])),
    request(byAddress, descriptor([entry("path", `/api/${round % ADDRESSES}`)])),
    request(descriptor([entry("path", `/v${round % ADDRESSES}/export`)])),
    request(descriptor([entry("client", address)]), descriptor([entry("client", "198.51.100.7")])),
    request(byAddress),
    request(descriptor([entry("model", "small"), wrapped(HITS_ADDEND, 0)])),
    request(descriptor([entry("model", "small"), wrapped(HITS_ADDEND, 3)])),
    request(descriptor([entry("model", "small"), wrapped(HITS_ADDEND, 1), number(IS_NEGATIVE_HITS, 1)])),
    request(descriptor([entry("address", address), OVERRIDE])),
    request(byAddress),
    request(descriptor([entry("nothing", address)])),
  ];
}

/** Writes fields into the message at hand. */
type Fields = (writer: Writer) => Writer;

// A field's number and its wire type (0: a varint, 2: bytes with their length before them).
const varint = (field: number): number => (field << 3) | 0;
const bytes = (field: number): number => (field << 3) | 2;

const OVERRIDE = nested(LIMIT, inOrder([number(REQUESTS_PER_UNIT, 1000), number(UNIT, SECOND)]));

function request(...descriptors: readonly Fields[]): Buffer {
  const writer = text(DOMAIN, WARM_UP_DOMAIN)(protobuf.Writer.create());
  // On Node the bytes are a Buffer.
  return inOrder(descriptors)(writer).finish() as Buffer;
}

function descriptor(fields: readonly Fields[]): Fields {
  return nested(DESCRIPTORS, inOrder(fields));
}

function entry(key: string, value: string): Fields {
  return nested(ENTRIES, inOrder([text(KEY, key), text(VALUE, value)]));
}

function wrapped(field: number, value: number): Fields {
  return nested(field, number(WRAPPED, value));
}

function text(field: number, value: string): Fields {
  return (writer) => writer.uint32(bytes(field)).string(value);
}

function number(field: number, value: number): Fields {
  return (writer) => writer.uint32(varint(field)).uint32(value);
}

/** A message within the message. */
function nested(field: number, fields: Fields): Fields {
  return (writer) => fields(writer.uint32(bytes(field)).fork()).ldelim();
}

function inOrder(all: readonly Fields[]): Fields {
  return (writer) => all.reduce((written, fields) => fields(written), writer);
}
