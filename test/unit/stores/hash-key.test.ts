import { describe, expect, it } from "vitest";
import { hashKey } from "../../../src/stores/hash-key.js";

/** Keys as they are: alike but for a number. */
const KEYS = Array.from({ length: 20_000 }, (_, i) => `1|shop|remote_address_10.0.${i >> 8}.${i & 255}|t|60000000`);

describe("the hash of a key", () => {
  it("is a whole number of 32 bits, the same for the same key, for ever: replicas share buckets by it", () => {
    expect(hashKey("")).toBe((0x811c9dc5 ^ (0x811c9dc5 >>> 15)) >>> 0);
    expect(hashKey("a")).toBe((0xe40c292c ^ (0xe40c292c >>> 15)) >>> 0);
    expect(hashKey("foobar")).toBe((0xbf9cf968 ^ (0xbf9cf968 >>> 15)) >>> 0);
    for (const key of KEYS) {
      const hash = hashKey(key);
      expect(Number.isInteger(hash) && hash >= 0 && hash < 2 ** 32).toBe(true);
    }
  });

  it.for([2, 3, 16, 64, 100, 1024])("deals keys out to %i parts about evenly", (parts) => {
    const counts = new Array<number>(parts).fill(0);
    for (const key of KEYS) (counts[hashKey(key) % parts] as number)++;
    const expected = KEYS.length / parts;
    // Five times what chance alone makes of it.
    const most = 5 * Math.sqrt(expected);
    for (const count of counts) expect(Math.abs(count - expected)).toBeLessThan(most);
  });

  it("tells most keys apart", () => {
    expect(new Set(KEYS.map(hashKey)).size).toBeGreaterThan(KEYS.length - 5);
  });
});
