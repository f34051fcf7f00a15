import { WARM_UP_DOMAIN } from "./warm-up-rules.js";

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

const OVERRIDE = bytes(LIMIT, Buffer.concat([number(REQUESTS_PER_UNIT, 1000), number(UNIT, SECOND)]));

function request(...descriptors: readonly Buffer[]): Buffer {
  return Buffer.concat([text(DOMAIN, WARM_UP_DOMAIN), ...descriptors]);
}

function descriptor(fields: readonly Buffer[]): Buffer {
  return bytes(DESCRIPTORS, Buffer.concat(fields));
}

function entry(key: string, value: string): Buffer {
  return bytes(ENTRIES, Buffer.concat([text(KEY, key), text(VALUE, value)]));
}

function wrapped(field: number, value: number): Buffer {
  return bytes(field, number(WRAPPED, value));
}

function text(field: number, value: string): Buffer {
  return bytes(field, Buffer.from(value));
}

/** A field with a length before it. */
function bytes(field: number, value: Buffer): Buffer {
  return Buffer.concat([varint(field * 8 + 2), varint(value.length), value]);
}

function number(field: number, value: number): Buffer {
  return Buffer.concat([varint(field * 8), varint(value)]);
}

/** Below 2^14, which is more than any of these needs. */
function varint(value: number): Buffer {
  return value < 128 ? Buffer.from([value]) : Buffer.from([(value % 128) + 128, Math.floor(value / 128)]);
}
