import { setImmediate as nextTurn } from "node:timers/promises";
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
  // Immediates are real: it rings at the end of the turn of the event loop in which its time has come.
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
});

afterEach(() => {
  vi.useRealTimers();
});

/** Lets time pass, in steps of a millisecond or in one. */
async function pass(millis: number, step = 1): Promise<void> {
  for (let passed = 0; passed < millis; passed += step) {
    vi.advanceTimersByTime(step);
    await nextTurn();
  }
}

describe("a timer for deadlines", () => {
  it("rings at each of them, in whatever order they came", async () => {
    const start = performance.now();
    const deadlines = [30, 10, 20].map((after) => start + after);
    const { timer, rung } = timerFor(deadlines);
    for (const each of [...deadlines]) timer.watch(each);
    await pass(9);
    expect(rung).toEqual([]);
    await pass(1);
    expect(rung.length).toBe(1);
    await pass(50);
    expect(rung.length).toBe(3);
    expect(deadlines).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("has one timer, however many deadlines there are", async () => {
    const start = performance.now();
    const { timer } = timerFor([]);
    for (let i = 1_000; i > 0; i--) timer.watch(start + i);
    expect(vi.getTimerCount()).toBe(1);
    await pass(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("rings a moment later for what is due already, never at once", async () => {
    const deadlines = [performance.now() - 5];
    const { timer, rung } = timerFor(deadlines);
    timer.watch(deadlines[0] as number);
    expect(rung).toEqual([]);
    await pass(1);
    expect(rung).toHaveLength(1);
  });

  it("does not ring for a deadline further away than timers of Node can wait", async () => {
    const far = performance.now() + 2 ** 33;
    const { timer, rung } = timerFor([far]);
    timer.watch(far);
    await pass(1_000, 100);
    expect(rung).toEqual([]);
    await pass(2 ** 33, 2 ** 29);
    expect(rung.at(-1)).toBeGreaterThanOrEqual(far);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("rings after what has come from the network was read", async () => {
    const order: string[] = [];
    const timer = new DeadlineTimer(() => {
      order.push("rings");
      return Number.POSITIVE_INFINITY;
    });
    timer.watch(performance.now() + 10);
    vi.advanceTimersByTime(10);
    order.push("time has come");
    await nextTurn();
    expect(order).toEqual(["time has come", "rings"]);
  });

  it("does not ring once it was stopped in that very turn", async () => {
    const { timer, rung } = timerFor([]);
    timer.watch(performance.now() + 10);
    vi.advanceTimersByTime(10);
    timer.stop();
    await nextTurn();
    expect(rung).toEqual([]);
  });

  it("rings no more once it is stopped, and works again when another deadline comes", async () => {
    const { timer, rung } = timerFor([]);
    timer.watch(performance.now() + 10);
    timer.stop();
    await pass(100);
    expect(rung).toEqual([]);
    timer.watch(performance.now() + 10);
    await pass(10);
    expect(rung).toHaveLength(1);
  });
});
