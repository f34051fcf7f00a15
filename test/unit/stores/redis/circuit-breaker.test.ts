import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { CircuitBreaker } from "../../../../src/stores/redis/circuit-breaker.js";

/** A breaker, what its probes will find, and how often it asked and told. */
function breakerWith(...results: (boolean | Promise<boolean>)[]) {
  const seen = { probes: 0, opened: 0 };
  const breaker = new CircuitBreaker(
    async () => results[seen.probes++] ?? false,
    () => {
      seen.opened += 1;
    },
  );
  return { breaker, seen };
}

function fail(breaker: CircuitBreaker, times: number): void {
  for (let i = 1; i <= times; i++) breaker.callFailed(`failure ${i}`);
}

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

describe("a circuit breaker", () => {
  it("opens after five failures in a row, in the words of the last", () => {
    const { breaker, seen } = breakerWith();
    fail(breaker, 4);
    expect(breaker.reason).toBeUndefined();
    breaker.callFailed("no connection");
    expect(breaker).toMatchObject({ reason: "no connection", opened: 1 });
    expect(seen.opened).toBe(1);
  });

  it("counts anew after a success", () => {
    const { breaker } = breakerWith();
    fail(breaker, 4);
    breaker.callSucceeded();
    fail(breaker, 4);
    expect(breaker.reason).toBeUndefined();
    breaker.callFailed("again");
    expect(breaker.reason).toBe("again");
  });

  it("opens at once when told to, and only once", () => {
    const { breaker, seen } = breakerWith();
    breaker.open("Redis stands still");
    breaker.open("another reason");
    fail(breaker, 7);
    expect(breaker).toMatchObject({ reason: "Redis stands still", opened: 1 });
    expect(seen.opened).toBe(1);
  });

  it("does not close because a call of before it opened succeeds", () => {
    const { breaker } = breakerWith();
    breaker.open("gone");
    breaker.callSucceeded();
    expect(breaker.reason).toBe("gone");
  });

  it("is closed again within 5 ms when Redis stood still for a moment only", async () => {
    const { breaker, seen } = breakerWith(true);
    breaker.open("late");
    expect(breaker.reason).toBe("late");
    await vi.advanceTimersByTimeAsync(5);
    expect(breaker.reason).toBeUndefined();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(seen.probes).toBe(1);
  });

  it("looks less and less often, and every 50 to 100 ms in the end, until Redis is back", async () => {
    const { breaker, seen } = breakerWith(...Array.from({ length: 20 }, () => false), true);
    breaker.open("gone");
    // 5, 10, 20, 40 and 80 ms, or up to a half less.
    await vi.advanceTimersByTimeAsync(155);
    expect(seen.probes).toBeGreaterThanOrEqual(5);
    expect(seen.probes).toBeLessThanOrEqual(7);
    const before = seen.probes;
    await vi.advanceTimersByTimeAsync(500);
    expect(seen.probes - before).toBeGreaterThanOrEqual(5);
    expect(seen.probes - before).toBeLessThanOrEqual(10);
    expect(breaker.reason).toBe("gone");
    await vi.advanceTimersByTimeAsync(2_000);
    expect(seen.probes).toBe(21);
    expect(breaker.reason).toBeUndefined();
  });

  it("does not begin anew where it opens again within a second, for then Redis is not well", async () => {
    const { breaker, seen } = breakerWith(...Array.from({ length: 6 }, () => false), true, true, true);
    breaker.open("gone");
    await vi.advanceTimersByTimeAsync(400);
    expect([breaker.reason, seen.probes]).toEqual([undefined, 7]);
    breaker.open("gone again");
    await vi.advanceTimersByTimeAsync(49);
    expect(breaker.reason).toBe("gone again");
    await vi.advanceTimersByTimeAsync(1_100);
    expect(breaker.reason).toBeUndefined();
    breaker.open("late");
    await vi.advanceTimersByTimeAsync(5);
    expect(breaker.reason).toBeUndefined();
  });

  it("takes five failures again to open once it was closed", async () => {
    const { breaker } = breakerWith(true, true);
    fail(breaker, 5);
    await vi.advanceTimersByTimeAsync(100);
    expect(breaker.reason).toBeUndefined();
    fail(breaker, 4);
    expect(breaker.reason).toBeUndefined();
    fail(breaker, 1);
    expect(breaker).toMatchObject({ reason: "failure 1", opened: 2 });
  });

  it("waits for one probe before it makes another", async () => {
    let answer: (isBack: boolean) => void = () => undefined;
    const slow = new Promise<boolean>((resolve) => {
      answer = resolve;
    });
    const { breaker, seen } = breakerWith(slow);
    breaker.open("frozen");
    await vi.advanceTimersByTimeAsync(5_000);
    expect(seen.probes).toBe(1);
    answer(true);
    await vi.advanceTimersByTimeAsync(0);
    expect(breaker.reason).toBeUndefined();
  });

  it("makes no more probes once it is stopped, and stays as it is, whatever a probe on its way finds", async () => {
    let answer: (isBack: boolean) => void = () => undefined;
    const slow = new Promise<boolean>((resolve) => {
      answer = resolve;
    });
    const { breaker, seen } = breakerWith(slow, true);
    breaker.open("frozen");
    await vi.advanceTimersByTimeAsync(100);
    breaker.stop();
    answer(true);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(seen.probes).toBe(1);
    expect(breaker.reason).toBe("frozen");
    expect(vi.getTimerCount()).toBe(0);
  });
});
