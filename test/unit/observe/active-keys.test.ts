import { describe, expect, it } from "vitest";
import { ActiveKeys } from "../../../src/observe/active-keys.js";

const address = (n: number): string =>
  `1|shop|remote_address=10.${n >> 16}.${(n >> 8) & 255}.${n & 255}|token_bucket:60s`;

describe("the number of active keys", () => {
  it("is 0 at first, and of a few keys nearly exact", () => {
    const keys = new ActiveKeys();
    expect(keys.estimate()).toBe(0);
    for (let round = 0; round < 3; round++) for (let n = 0; n < 100; n++) keys.add(address(n));
    expect(Math.abs(keys.estimate() - 100)).toBeLessThanOrEqual(4);
  });

  it.each([1_000, 5_000, 10_000, 20_000, 100_000, 1_000_000])(
    "is right within 6 %% of %i keys that look alike",
    (count) => {
      const keys = new ActiveKeys();
      for (let n = 0; n < count; n++) keys.add(address(n));
      expect(Math.abs(keys.estimate() - count) / count).toBeLessThan(0.06);
    },
  );

  it("is about the last twelve slices of time and the one that goes on", () => {
    const keys = new ActiveKeys();
    for (let n = 0; n < 1_000; n++) keys.add(address(n));
    for (let slice = 0; slice < 12; slice++) keys.nextSlice();
    keys.add("another");
    expect(keys.estimate()).toBeGreaterThan(900);
    keys.nextSlice();
    expect(keys.estimate()).toBe(1);
  });

  it("counts a key once that is asked in many slices", () => {
    const keys = new ActiveKeys();
    for (let slice = 0; slice < 30; slice++) {
      for (let n = 0; n < 50; n++) keys.add(address(n));
      keys.nextSlice();
    }
    expect(Math.abs(keys.estimate() - 50)).toBeLessThanOrEqual(3);
  });
});
