import { describe, expect, it } from "vitest";
import { HpackDecoder } from "../../../../src/h2/hpack/decoder.js";
import { HpackError } from "../../../../src/h2/hpack/hpack-error.js";
import { hpackInteger, hpackLiteral, hpackString } from "../../../support/h2/hpack.js";
import { END_OF_STRING_BITS, HUFFMAN_BITS } from "../../../support/h2/huffman-table.js";

function decode(decoder: HpackDecoder, bytes: readonly number[], maxListBytes = 65_536): readonly string[] {
  return decoder.decode(Buffer.from(bytes), 0, bytes.length, maxListBytes).list;
}

const once = (bytes: readonly number[]): readonly string[] => decode(new HpackDecoder(), bytes);

/** A value in Huffman, given as bits. */
function huffmanValue(bits: string): number[] {
  const bytes = (bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2));
  return [0x00, ...hpackString("x"), ...hpackInteger(bytes.length, 7, 0x80), ...bytes];
}

const A = HUFFMAN_BITS[97]!;

describe("blocks that cannot be", () => {
  it.each<[string, number[]]>([
    ["index 0", [0x80]],
    ["an index beyond both tables", [0x80 | 62]],
    ["a name index beyond both tables", [0x40 | 62, ...hpackString("x")]],
    ["an integer that never ends", [0xff, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01]],
    ["an integer out of range", [0xff, 0xff, 0xff, 0xff, 0xff, 0x0f]],
    ["an integer cut off", [0xff, 0x80]],
    ["a string longer than its block", [0x00, 0x05, 0x61]],
    ["a field without a value", [0x00, ...hpackString("name")]],
    ["a field without a name", [0x00]],
    ["a table size above the limit", hpackInteger(4_097, 5, 0x20)],
    ["a table size after a field", [0x82, 0x20]],
    ["Huffman padding with a zero", huffmanValue(`${A}000`)],
    ["Huffman padding of eight bits", huffmanValue(`${A}111${"1".repeat(8)}`)],
    ["the end of the string inside one", huffmanValue(`${END_OF_STRING_BITS}11`)],
  ])("%s is refused", (_name, bytes) => {
    expect(() => once(bytes)).toThrow(HpackError);
  });
});

describe("integers", () => {
  it.each([0, 1, 126, 127, 128, 254, 255, 16_383, 16_384])("a string of %i bytes is read whole", (length) => {
    const value = "v".repeat(length);
    expect(once(hpackLiteral("n", value))).toEqual(["n", value]);
    expect(once(hpackLiteral("n", value, "plain", true))).toEqual(["n", value]);
  });

  it("may have leading zeros, within reason", () => {
    expect(once([0xff & 0x82])).toEqual([":method", "GET"]);
    expect(once([0x0f, 0x80, 0x80, 0x00, ...hpackString("v")])).toEqual(["accept-charset", "v"]);
  });
});

describe("the dynamic table", () => {
  it("gives what was put in last under the first index", () => {
    const decoder = new HpackDecoder();
    decode(decoder, [...hpackLiteral("a", "1", "indexed"), ...hpackLiteral("b", "2", "indexed")]);
    expect(decode(decoder, [0x80 | 62, 0x80 | 63])).toEqual(["b", "2", "a", "1"]);
  });

  it("does not keep literals that are not to be indexed", () => {
    const decoder = new HpackDecoder();
    decode(decoder, [...hpackLiteral("a", "1", "plain"), ...hpackLiteral("b", "2", "never")]);
    expect(() => decode(decoder, [0x80 | 62])).toThrow(HpackError);
  });

  it("evicts the oldest when the newest needs the room", () => {
    const decoder = new HpackDecoder();
    const big = "v".repeat(2_000);
    decode(decoder, [...hpackLiteral("a", big, "indexed"), ...hpackLiteral("b", big, "indexed")]);
    expect(decode(decoder, [0x80 | 63])).toEqual(["a", big]);
    decode(decoder, hpackLiteral("c", "", "indexed"));
    expect(decode(decoder, [0x80 | 63])).toEqual(["b", big]);
    expect(() => decode(decoder, [0x80 | 64])).toThrow(HpackError);
  });

  it("is emptied by a field that is larger than it", () => {
    const decoder = new HpackDecoder();
    decode(decoder, hpackLiteral("a", "1", "indexed"));
    const big = "v".repeat(5_000);
    expect(decode(decoder, hpackLiteral("b", big, "indexed"))).toEqual(["b", big]);
    expect(() => decode(decoder, [0x80 | 62])).toThrow(HpackError);
  });

  it("keeps a name that its own field evicts", () => {
    const decoder = new HpackDecoder();
    const big = "v".repeat(4_000);
    decode(decoder, hpackLiteral("name", big, "indexed"));
    expect(decode(decoder, hpackLiteral(62, "other", "indexed"))).toEqual(["name", "other"]);
    expect(decode(decoder, [0x80 | 62])).toEqual(["name", "other"]);
  });

  it("is emptied by a size of 0, and grows again", () => {
    const decoder = new HpackDecoder();
    decode(decoder, hpackLiteral("a", "1", "indexed"));
    expect(decode(decoder, [0x20, ...hpackInteger(4_096, 5, 0x20), 0x82])).toEqual([":method", "GET"]);
    expect(() => decode(decoder, [0x80 | 62])).toThrow(HpackError);
  });

  it("holds as many of the smallest fields as its size allows, and goes round for ever", () => {
    const decoder = new HpackDecoder();
    for (let at = 0; at < 1_000; at++) decode(decoder, hpackLiteral("k", String(at % 10), "indexed"));
    const held = Math.floor(4_096 / 34);
    expect(decode(decoder, hpackInteger(61 + held, 7, 0x80))).toEqual(["k", String((1_000 - held) % 10)]);
    expect(() => decode(decoder, hpackInteger(62 + held, 7, 0x80))).toThrow(HpackError);
  });

  it("must be made smaller when the limit was lowered below it", () => {
    const decoder = new HpackDecoder();
    decoder.setTableLimit(100);
    expect(() => decode(decoder, [0x82])).toThrow(HpackError);
    const obedient = new HpackDecoder();
    obedient.setTableLimit(100);
    expect(decode(obedient, [...hpackInteger(100, 5, 0x20), 0x82])).toEqual([":method", "GET"]);
    expect(() => decode(obedient, hpackInteger(101, 5, 0x20))).toThrow(HpackError);
  });

  it("changes its generation when it changes, and only then", () => {
    const decoder = new HpackDecoder();
    const { generation } = decoder;
    decode(decoder, [0x82, ...hpackLiteral("a", "1", "never")]);
    expect(decoder.generation).toBe(generation);
    decode(decoder, hpackLiteral("a", "1", "indexed"));
    expect(decoder.generation).not.toBe(generation);
    const next = decoder.generation;
    decode(decoder, [0x20]);
    expect(decoder.generation).not.toBe(next);
  });
});

describe("a list over its limit", () => {
  it("is cut short, counted to the end, and leaves the table right", () => {
    const decoder = new HpackDecoder();
    const bytes = Buffer.from([...hpackLiteral("a", "1", "indexed"), ...hpackLiteral("b", "2", "indexed"), 0x80 | 62]);
    const decoded = decoder.decode(bytes, 0, bytes.length, 40);
    expect(decoded).toEqual({ list: ["a", "1"], bytes: 3 * 34 });
    expect(decode(decoder, [0x80 | 62])).toEqual(["b", "2"]);
  });
});
