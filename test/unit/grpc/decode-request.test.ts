import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RATE_LIMIT_METHODS } from "../../../src/grpc/rate-limit-definition.js";
import { bytesField, numberField } from "../../support/grpc-wire.js";

const { requestDeserialize } = RATE_LIMIT_METHODS.ShouldRateLimit;

function decode(...parts: Buffer[]) {
  return requestDeserialize(Buffer.concat(parts));
}

/** A request of one descriptor made of these fields, decoded. */
function decodeDescriptor(...fields: Buffer[]) {
  return decode(bytesField(2, ...fields)).descriptors[0]!;
}

describe("decoding a RateLimitRequest", () => {
  it("reads every field by its number", () => {
    const entries = [
      bytesField(1, bytesField(1, "path"), bytesField(2, "/login")),
      bytesField(1, bytesField(1, "generic")),
    ];
    const override = bytesField(2, numberField(1, 7), numberField(2, 2), bytesField(3, numberField(1, 3)));
    const descriptor = bytesField(2, ...entries, override, bytesField(3, numberField(1, 5)), numberField(4, 1));
    expect(decode(bytesField(1, "shop"), descriptor, bytesField(2), numberField(3, 4))).toEqual({
      domain: "shop",
      hitsAddend: 4,
      descriptors: [
        {
          entries: [
            { key: "path", value: "/login" },
            { key: "generic", value: "" },
          ],
          limit: { requestsPerUnit: 7, unit: "minute", unitMultiplier: 3 },
          hitsAddend: 5,
          isNegativeHits: true,
        },
        { entries: [], isNegativeHits: false },
      ],
    });
  });

  it("takes no bytes at all for a request in which nothing was set", () => {
    expect(decode()).toEqual({ domain: "", descriptors: [], hitsAddend: 0 });
  });

  it.each([
    [1, "second"],
    [2, "minute"],
    [3, "hour"],
    [4, "day"],
    [5, "month"],
    [6, "year"],
    [7, "week"],
  ])("reads the unit %d as %s", (number, unit) => {
    expect(decodeDescriptor(bytesField(2, numberField(2, number))).limit).toEqual({ requestsPerUnit: 0, unit });
  });

  it.each([0, 8, 99, 2 ** 31 - 1, 2n ** 64n - 1n])("gives an override of the unknown unit %s no unit", (number) => {
    const { limit } = decodeDescriptor(bytesField(2, numberField(1, 9), numberField(2, number)));
    expect(limit).toStrictEqual({ requestsPerUnit: 9 });
  });

  it("tells an override's multiplier of 0 from none", () => {
    expect(decodeDescriptor(bytesField(2, bytesField(3))).limit).toEqual({ requestsPerUnit: 0, unitMultiplier: 0 });
    expect(decodeDescriptor(bytesField(2)).limit).toStrictEqual({ requestsPerUnit: 0 });
  });

  it("tells a descriptor's hits of 0, however they are written, from none (D1)", () => {
    expect(decodeDescriptor(bytesField(3)).hitsAddend).toBe(0);
    expect(decodeDescriptor(bytesField(3, numberField(1, 0))).hitsAddend).toBe(0);
    expect(decodeDescriptor()).not.toHaveProperty("hitsAddend");
  });

  it.each([
    [1n, 1],
    [2n ** 32n, 2 ** 32],
    [2n ** 53n - 2n, 9_007_199_254_740_990],
    [2n ** 53n - 1n, 9_007_199_254_740_991],
    [2n ** 53n, 9_007_199_254_740_991],
    [2n ** 53n + 1n, 9_007_199_254_740_991],
    [2n ** 63n, 9_007_199_254_740_991],
    [2n ** 64n - 1n, 9_007_199_254_740_991],
  ])("reads %s hits of a descriptor as %d: exact up to 2^53 - 1, and clamped there (D1)", (sent, hits) => {
    expect(decodeDescriptor(bytesField(3, numberField(1, sent))).hitsAddend).toBe(hits);
  });

  it("reads the largest hits and requests per unit of 32 bits", () => {
    expect(decode(numberField(3, 2 ** 32 - 1)).hitsAddend).toBe(4_294_967_295);
    expect(decodeDescriptor(bytesField(2, numberField(1, 2 ** 32 - 1))).limit?.requestsPerUnit).toBe(4_294_967_295);
  });

  it("ignores fields that it does not know, wherever they are", () => {
    const unknown = [numberField(999, 1), bytesField(1000, "later")];
    const entry = bytesField(1, bytesField(1, "k"), ...unknown, bytesField(2, "v"));
    const request = decode(...unknown, bytesField(2, ...unknown, entry), bytesField(1, "shop"), ...unknown);
    expect(request).toEqual({
      domain: "shop",
      descriptors: [{ entries: [{ key: "k", value: "v" }], isNegativeHits: false }],
      hitsAddend: 0,
    });
  });

  it.each([
    ["a length beyond the end", Buffer.from([0x0a, 0x05, 0x61])],
    ["a number cut short", Buffer.from([0x18, 0xff])],
    ["noise", Buffer.from("ffffffffffffffffffffff", "hex")],
    ["a field that goes beyond its message", Buffer.from([0x12, 0x03, 0x0a, 0x04, 0x0a, 0x02, 0x61, 0x62])],
    ["a text that goes beyond its entry", Buffer.from([0x12, 0x04, 0x0a, 0x02, 0x0a, 0x02, 0x61, 0x62])],
    ["more than 10000 descriptors", Buffer.concat(Array.from({ length: 10_001 }, () => bytesField(2)))],
  ])("throws on %s", (_what, bytes) => {
    expect(() => requestDeserialize(bytes)).toThrow();
  });

  it("reads bytes or throws, whatever they are", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        try {
          expect(requestDeserialize(Buffer.from(bytes)).descriptors).toBeInstanceOf(Array);
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it("keeps keys and values that are the names of object properties", () => {
    const entry = bytesField(1, bytesField(1, "__proto__"), bytesField(2, "constructor"));
    expect(decodeDescriptor(entry).entries).toEqual([{ key: "__proto__", value: "constructor" }]);
  });
});
