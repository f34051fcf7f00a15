import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { HpackDecoder } from "../../../../src/h2/hpack/decoder.js";
import { encodeFields } from "../../../../src/h2/hpack/encode-fields.js";
import { HpackError } from "../../../../src/h2/hpack/hpack-error.js";
import { decodeHuffman } from "../../../../src/h2/hpack/huffman-decode.js";
import { encodeHuffman } from "../../../../src/h2/hpack/huffman-encode.js";
import {
  hpackHuffman,
  hpackInteger,
  hpackLiteral,
  type LiteralKind,
  readHpackBlock,
} from "../../../support/h2/hpack.js";

const latin1 = fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes).toString("latin1"));
const kind = fc.constantFrom<LiteralKind>("indexed", "plain", "never");
const names = fc.constantFrom("a", "bb", "x-header", "grpc-timeout", ":path");

/** An encoder's steps, and a model of its table: newest first, fields of name + value + 32 bytes. */
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("literal" as const),
      name: names,
      value: latin1,
      kind,
      huffman: fc.boolean(),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("indexed" as const), pick: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("resize" as const), size: fc.integer({ min: 0, max: 4_096 }) }) },
);

class ModelTable {
  fields: [string, string][] = [];
  capacity = 4_096;

  evict(): void {
    const size = () => this.fields.reduce((sum, [name, value]) => sum + name.length + value.length + 32, 0);
    while (size() > this.capacity) this.fields.pop();
  }
}

describe("a decoder", () => {
  it("reads whatever an encoder of its own mind writes", () => {
    fc.assert(
      fc.property(fc.array(fc.array(step, { maxLength: 12 }), { maxLength: 12 }), (blocks) => {
        const decoder = new HpackDecoder();
        const table = new ModelTable();
        for (const steps of blocks) {
          const bytes: number[] = [];
          const expected: string[] = [];
          for (const one of steps) {
            if (one.do === "resize") {
              if (expected.length > 0) continue;
              bytes.push(...hpackInteger(one.size, 5, 0x20));
              table.capacity = one.size;
              table.evict();
            } else if (one.do === "indexed") {
              if (table.fields.length === 0) continue;
              const at = one.pick % table.fields.length;
              bytes.push(...hpackInteger(62 + at, 7, 0x80));
              expected.push(...table.fields[at]!);
            } else {
              bytes.push(...hpackLiteral(one.name, one.value, one.kind, one.huffman));
              expected.push(one.name, one.value);
              if (one.kind !== "indexed") continue;
              table.fields.unshift([one.name, one.value]);
              table.evict();
            }
          }
          expect(decoder.decode(Buffer.from(bytes), 0, bytes.length, 1e9).list).toEqual(expected);
        }
      }),
      { numRuns: 300 },
    );
  });

  it("reads or refuses any bytes, and throws nothing else", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 80 }), { maxLength: 5 }), (blocks) => {
        const decoder = new HpackDecoder();
        try {
          for (const block of blocks) decoder.decode(Buffer.from(block), 0, block.length, 1_000);
        } catch (error) {
          expect(error).toBeInstanceOf(HpackError);
        }
      }),
      { numRuns: 3_000 },
    );
  });
});

describe("Huffman", () => {
  it("writes what RFC 7541 appendix B says, for every byte", () => {
    for (let byte = 0; byte < 256; byte++) {
      const text = String.fromCharCode(byte);
      expect([...encodeHuffman(Buffer.from(text, "latin1"))]).toEqual(hpackHuffman(text));
    }
  });

  it("reads what it writes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const encoded = encodeHuffman(bytes);
        expect([...encoded]).toEqual(hpackHuffman(Buffer.from(bytes).toString("latin1")));
        const target = Buffer.alloc(Math.ceil((encoded.length * 8) / 5));
        const length = decodeHuffman(encoded, 0, encoded.length, target);
        expect(target.subarray(0, length).equals(bytes)).toBe(true);
      }),
    );
  });
});

describe("an encoder", () => {
  it("writes blocks that any decoder reads without a table", () => {
    const names = fc.constantFrom(":status", "content-type", "grpc-status", "grpc-message", "x-more");
    fc.assert(
      fc.property(fc.array(fc.tuple(names, latin1)), (fields) => {
        expect(readHpackBlock(encodeFields(fields))).toEqual(fields);
      }),
    );
  });

  it("uses the static table where it has the field", () => {
    expect([...encodeFields([[":status", "200"]])]).toEqual([0x88]);
  });
});
