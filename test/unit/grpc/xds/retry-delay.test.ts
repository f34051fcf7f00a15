import { expect, it } from "vitest";
import { retryDelayMillis } from "../../../../src/grpc/xds/retry-delay.js";

it("attempts to reach the control plane come later and later, up to half a minute", () => {
  const longest = [1, 2, 3, 4, 5, 6, 7, 1_000_000].map((attempt) => retryDelayMillis(attempt, () => 1));
  expect(longest).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
});

it("they may come at any moment up to then, so that replicas do not come together", () => {
  expect(retryDelayMillis(6, () => 0)).toBe(0);
  expect(retryDelayMillis(6, () => 0.5)).toBe(15_000);
  const delays = new Set(Array.from({ length: 50 }, () => retryDelayMillis(6)));
  expect(delays.size).toBeGreaterThan(30);
});
