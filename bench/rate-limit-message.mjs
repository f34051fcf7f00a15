// RateLimitRequest and RateLimitResponse, as much of them as the benchmark needs, with no library: what it costs to
// write and read them is not what is measured.

/** @param {number} value whole, from 0 */
function varint(value) {
  const bytes = [];
  let rest = value;
  while (rest > 127) {
    bytes.push((rest & 127) | 128);
    rest >>>= 7;
  }
  bytes.push(rest);
  return Buffer.from(bytes);
}

/**
 * A field of bytes: its tag, its length and the bytes.
 * @param {number} field
 * @param {Buffer} bytes
 */
function lengthDelimited(field, bytes) {
  return Buffer.concat([varint(field * 8 + 2), varint(bytes.length), bytes]);
}

/**
 * An envoy.service.ratelimit.v3.RateLimitRequest, each descriptor of one entry.
 * @param {string} domain
 * @param {readonly (readonly [key: string, value: string])[]} descriptors
 */
export function encodeRequest(domain, descriptors) {
  const encoded = descriptors.map(([key, value]) => {
    const entry = Buffer.concat([lengthDelimited(1, Buffer.from(key)), lengthDelimited(2, Buffer.from(value))]);
    return lengthDelimited(2, lengthDelimited(1, entry));
  });
  return Buffer.concat([lengthDelimited(1, Buffer.from(domain)), ...encoded]);
}

/**
 * `overall_code` of an envoy.service.ratelimit.v3.RateLimitResponse: 1 is OK, 2 is OVER_LIMIT. Writers put field 1
 * first; 0 (UNKNOWN) stands for a message that has it elsewhere or not at all.
 * @param {Buffer} bytes
 * @param {number} start of the message
 * @param {number} end of the message
 */
export function overallCode(bytes, start, end) {
  return end - start >= 2 && bytes.readUInt8(start) === 8 ? bytes.readUInt8(start + 1) : 0;
}
