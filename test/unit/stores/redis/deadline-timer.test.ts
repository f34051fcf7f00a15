import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { DeadlineTimer } from "../../../../src/stores/redis/deadline-timer.js";

/** A timer for the deadlines in a list, which are taken out when they are due. */
function timerFor(deadlines: number[]) {
  const rung: number[] = [];
  const timer = new DeadlineTimer((now) => {
    rung.push(now);
    for (let at = deadlines.length - 1; at >= 0; at--) if ((deadlines[at] as number) <= now) deadlines.splice(at, 1);
    return Math.min(...deadlines, Number.POSITIVE_INFINITY);
  });
  return { timer, rung };
}

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

describe("a timer for deadlines", () => {
  it("rings at each of them, in whatever order they came", () => {
    const start = performance.now();
    const deadlines = [30, 10, 20].map((after) => start + after);
    const { timer, rung } = timerFor(deadlines);
    for (const each of [...deadlines]) timer.watch(each);
    vi.advanceTimersByTime(9);
    expect(rung).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(rung.length).toBe(1);
    vi.advanceTimersByTime(50);
    expect(rung.length).toBe(3);
    expect(deadlines).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("has one timer, however many deadlines there are", () => {
    const start = performance.now();
    const { timer } = timerFor([]);
    for (let i = 1_000; i > 0; i--) timer.watch(start + i);
    expect(vi.getTimerCount()).toBe(1);
    vi.advanceTimersByTime(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("rings a moment later for what is due already, never at once", () => {
    const deadlines = [performance.now() - 5];
    const { timer, rung } = timerFor(deadlines);
    timer.watch(deadlines[0] as number);
    expect(rung).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(rung).toHaveLength(1);
  });

  it("does not ring for a deadline further away than timers of Node can wait", () => {
    const far = performance.now() + 2 ** 33;
    const { timer, rung } = timerFor([far]);
    timer.watch(far);
    vi.advanceTimersByTime(1_000);
    expect(rung).toEqual([]);
    vi.advanceTimersByTime(2 ** 33);
    expect(rung.at(-1)).toBeGreaterThanOrEqual(far);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("rings no more once it is stopped, and works again when another deadline comes", () => {
    const { timer, rung } = timerFor([]);
    timer.watch(performance.now() + 10);
    timer.stop();
    vi.advanceTimersByTime(100);
    expect(rung).toEqual([]);
    timer.watch(performance.now() + 10);
    vi.advanceTimersByTime(10);
    expect(rung).toHaveLength(1);
  });
});
