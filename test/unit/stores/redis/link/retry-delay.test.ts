import { describe, expect, it } from "vitest";
import { retryDelayMillis } from "../../../../../src/stores/redis/link/retry-delay.js";

describe("the time before connecting again", () => {
  it("doubles from 50 ms up to a second", () => {
    const attempts = [1, 2, 3, 4, 5, 6, 7, 100, 10_000];
    expect(attempts.map((attempt) => retryDelayMillis(attempt, () => 1))).toEqual([
      50, 100, 200, 400, 800, 1_000, 1_000, 1_000, 1_000,
    ]);
  });

  it("is spread over its upper half, so that replicas do not come all at once", () => {
    expect(retryDelayMillis(3, () => 0)).toBe(100);
    expect(retryDelayMillis(3, () => 0.5)).toBe(150);
    const delays = Array.from({ length: 50 }, () => retryDelayMillis(20));
    expect(new Set(delays).size).toBeGreaterThan(5);
    for (const delay of delays) expect(delay).toSatisfy((millis: number) => millis >= 500 && millis <= 1_000);
  });
});
