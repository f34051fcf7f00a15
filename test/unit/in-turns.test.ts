import { describe, expect, it } from "vitest";
import { inTurns } from "../../src/in-turns.js";

/** Keeps the thread busy. */
function work(millis: number): void {
  const end = performance.now() + millis;
  while (performance.now() < end);
}

describe("work in turns", () => {
  it("lets others run before it and after each millisecond of it, and ends when all is done", async () => {
    let others = 0;
    let done = 0;
    const other = setImmediate(function again() {
      others++;
      if (done < 20) setImmediate(again);
    });
    await inTurns(
      (function* () {
        for (; done < 20; done++) {
          work(1);
          yield;
        }
      })(),
    );
    clearImmediate(other);
    expect(done).toBe(20);
    expect(others).toBeGreaterThanOrEqual(18);
  });

  it("does short work at one go, but not at once", async () => {
    let done = 0;
    const ended = inTurns(
      (function* () {
        for (; done < 3; done++) yield;
      })(),
    );
    expect(done).toBe(0);
    await ended;
    expect(done).toBe(3);
  });
});
