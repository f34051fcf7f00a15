import { describe, expect, it } from "vitest";
import { SampledLog } from "../../../src/observe/sampled-log.js";

/** Time that passes by hand. */
function handClock() {
  let now = 0;
  let waiting: { at: number; callback: () => void }[] = [];
  return {
    schedule: (callback: () => void, millis: number) => {
      waiting.push({ at: now + millis, callback });
    },
    pass(millis: number) {
      now += millis;
      const due = waiting.filter((timer) => timer.at <= now);
      waiting = waiting.filter((timer) => timer.at > now);
      for (const timer of due) timer.callback();
    },
    timers: () => waiting.length,
  };
}

function sampledLog() {
  const clock = handClock();
  const lines: string[] = [];
  const log = new SampledLog(1_000, clock.schedule);
  const write = (kind: string, text: string) => log.write(kind, (leftOut) => lines.push(`${text} +${leftOut}`));
  return { clock, lines, log, write };
}

describe("a sampled log", () => {
  it("writes the first line at once and, when the second is over, the latest with how many were left out", () => {
    const { clock, lines, write } = sampledLog();
    for (const text of ["a", "b", "c", "d"]) write("kind", text);
    expect(lines).toEqual(["a +0"]);
    clock.pass(999);
    expect(lines).toEqual(["a +0"]);
    clock.pass(1);
    expect(lines).toEqual(["a +0", "d +2"]);
  });

  it("writes one line a second through a flood and loses no count", () => {
    const { clock, lines, write } = sampledLog();
    for (let second = 0; second < 3; second++) {
      for (let i = 0; i < 10; i++) write("kind", `s${second}`);
      clock.pass(1_000);
    }
    clock.pass(1_000);
    expect(lines).toEqual(["s0 +0", "s0 +8", "s1 +9", "s2 +9"]);
  });

  it("writes at once again after a quiet second, and keeps no timer once it is quiet", () => {
    const { clock, lines, write } = sampledLog();
    write("kind", "a");
    clock.pass(1_000);
    expect(clock.timers()).toBe(0);
    write("kind", "b");
    expect(lines).toEqual(["a +0", "b +0"]);
  });

  it("holds one kind back for no other", () => {
    const { lines, write } = sampledLog();
    write("timeout", "a");
    write("error", "b");
    expect(lines).toEqual(["a +0", "b +0"]);
  });

  it("takes kinds beyond 32 for one, so that words that always differ cannot flood it", () => {
    const { clock, lines, write } = sampledLog();
    for (let i = 0; i < 100; i++) write(`kind ${i}`, `line ${i}`);
    expect(lines).toHaveLength(33);
    expect(clock.timers()).toBe(33);
    clock.pass(1_000);
    expect(lines).toHaveLength(34);
    expect(lines.at(-1)).toBe("line 99 +66");
  });

  it("writes what waits when it is flushed, and that only once", () => {
    const { clock, lines, log, write } = sampledLog();
    for (const text of ["a", "b", "c"]) write("kind", text);
    log.flush();
    expect(lines).toEqual(["a +0", "c +1"]);
    log.flush();
    clock.pass(1_000);
    expect(lines).toEqual(["a +0", "c +1"]);
  });
});
