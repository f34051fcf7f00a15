import { describe, expect, it } from "vitest";
import { nameBucket } from "../../../../src/stores/redis/name-bucket.js";

const KEYS = ["weir:|1|shop|a", 'weir:|1|shop|"b"'];

describe("the words about a bucket that cannot be used", () => {
  it("name its key", () => {
    expect(nameBucket("WRONGTYPE not a string (bucket 1)", KEYS)).toBe('WRONGTYPE not a string (key "weir:|1|shop|a")');
    expect(nameBucket("ERR (bucket 2)", KEYS)).toBe('ERR (key "weir:|1|shop|\\"b\\"")');
  });

  it("show no more than the start of a long key", () => {
    const words = nameBucket("ERR (bucket 1)", ["k".repeat(10_000)]);
    expect(words).toBe(`ERR (key "${"k".repeat(200)}...")`);
    expect(nameBucket("ERR (bucket 1)", ["k".repeat(200)])).toBe(`ERR (key "${"k".repeat(200)}")`);
  });

  it.for(["OOM command not allowed", "ERR (bucket 3)", "ERR (bucket 0)", "(bucket 1) first", "ERR (bucket x)"])(
    "are left as they are without a bucket of the call: %s",
    (words) => {
      expect(nameBucket(words, KEYS)).toBe(words);
    },
  );
});
