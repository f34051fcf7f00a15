import { describe, expect, it } from "vitest";
import { hashTags } from "../../../../src/stores/redis/hash-tags.js";

const SLOTS = 16_384;

/** The slot of what is between the braces, bit by bit: CRC-16/XMODEM, as the specification of Redis Cluster has it. */
function slotOfTag(tag: string): number {
  const [, text = ""] = /^\{([^{}]+)\}$/.exec(tag) ?? [];
  expect(text).not.toBe("");
  let crc = 0;
  for (const byte of Buffer.from(text)) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? ((crc << 1) ^ 0x1021) & 0xffff : (crc << 1) & 0xffff;
  }
  return crc % SLOTS;
}

describe("hash tags", () => {
  it.for([1, 2, 3, 16, 64, 100, 256, 999, 1024])("%i of them have slots in as many equal shares", (count) => {
    const tags = hashTags(count);
    expect(tags).toHaveLength(count);
    expect(new Set(tags).size).toBe(count);
    expect(tags.map((tag) => Math.floor((slotOfTag(tag) * count) / SLOTS))).toEqual(tags.map((_, part) => part));
  });

  it.for([3, 5, 6, 7, 12])(
    "%i masters with equal runs of slots have as many as each other, but for one or two",
    (masters) => {
      for (const count of [16, 64, 256]) {
        const each = new Array<number>(masters).fill(0);
        for (const tag of hashTags(count)) (each[Math.floor((slotOfTag(tag) * masters) / SLOTS)] as number)++;
        expect(Math.max(...each) - Math.min(...each)).toBeLessThanOrEqual(2);
      }
    },
  );

  it("are the same for the same count, for ever: keys in Redis carry them", () => {
    expect(hashTags(64)).toEqual(hashTags(64));
    expect(hashTags(4)).toEqual(["{3}", "{2}", "{1}", "{0}"]);
    expect(hashTags(8).join("")).toBe("{3}{43}{2}{42}{1}{41}{0}{40}");
  });

  it("can be known for each count there may be", () => {
    for (let count = 1; count <= 1024; count += 31) expect(new Set(hashTags(count)).size).toBe(count);
  });
});
