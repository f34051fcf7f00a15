import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ServerClock } from "../../../../src/stores/redis/server-clock.js";
import { runs } from "../../../support/property-runs.js";

/** How far the server's clock is ahead of our steady one, which counts from the start of the process. */
const AHEAD_MICROS = 1_795_392_000_123_456;

/** A reply that the server made `thereMillis` after the call was sent, and that came `backMillis` later. */
interface Reply {
  readonly afterMillis: number;
  readonly thereMillis: number;
  readonly backMillis: number;
}

/** Lets a clock see replies one after the other; gives our time at the end. */
function learnAll(clock: ServerClock, replies: readonly Reply[], fromMillis: number, aheadMicros: number): number {
  let now = fromMillis;
  for (const { afterMillis, thereMillis, backMillis } of replies) {
    const sent = now + afterMillis;
    const received = sent + thereMillis + backMillis;
    clock.learn(Math.floor((sent + thereMillis) * 1000 + aheadMicros), sent, received);
    now = received;
  }
  return now;
}

const millis = (max: number) => fc.integer({ min: 0, max: max * 1000 }).map((micros) => micros / 1000);
const arbitraryReply = fc.record({ afterMillis: millis(5_000), thereMillis: millis(30), backMillis: millis(30) });
const arbitraryReplies = fc.array(arbitraryReply, { minLength: 1, maxLength: 20 });

describe("the server's clock", () => {
  it("is unknown before any reply", () => {
    expect(new ServerClock().latestMicros(1_000)).toBeUndefined();
  });

  it("is as far ahead, at most, as a reply says that was made the moment its call was sent", () => {
    const clock = new ServerClock();
    clock.learn(AHEAD_MICROS, 100, 104);
    expect(clock.latestMicros(100)).toBe(AHEAD_MICROS);
    expect(clock.latestMicros(110.5)).toBe(AHEAD_MICROS + 10_500);
    expect(Number.isInteger(clock.latestMicros(110.00037))).toBe(true);
  });

  it("is never told earlier than it is, and later by no more than the fastest call took to get there", () => {
    const property = fc.property(arbitraryReplies, millis(1_000), (replies, ahead) => {
      const clock = new ServerClock();
      const now = learnAll(clock, replies, 50, AHEAD_MICROS);
      const latest = clock.latestMicros(now + ahead) as number;
      const truth = (now + ahead) * 1000 + AHEAD_MICROS;
      // Redis tells whole microseconds, and doubles of this size quarters of one.
      expect(latest).toBeGreaterThanOrEqual(truth - 1.5);
      const fastest = Math.min(...replies.map(({ thereMillis }) => thereMillis));
      const drift = replies.reduce((sum, each) => sum + each.afterMillis + each.thereMillis + each.backMillis, 0);
      expect(latest - truth).toBeLessThanOrEqual(fastest * 1000 + drift + 2);
    });
    fc.assert(property, { numRuns: runs(500) });
  });

  it("is known again after the next reply when it was stepped back", () => {
    const steps = fc.integer({ min: 1, max: 10_000_000_000 });
    const property = fc.property(arbitraryReplies, arbitraryReply, steps, (replies, reply, step) => {
      const clock = new ServerClock();
      const stepped = learnAll(clock, replies, 50, AHEAD_MICROS);
      const now = learnAll(clock, [reply], stepped, AHEAD_MICROS - step);
      const tooLate = (clock.latestMicros(now) as number) - (now * 1000 + AHEAD_MICROS - step);
      expect(tooLate).toBeGreaterThanOrEqual(-1.5);
      expect(tooLate).toBeLessThanOrEqual(reply.thereMillis * 1000 + 2);
    });
    fc.assert(property, { numRuns: runs(500) });
  });

  it("is known again after the next reply when it was stepped forward by more than that reply took", () => {
    const steps = fc.integer({ min: 400_000, max: 10_000_000_000 });
    const property = fc.property(arbitraryReplies, arbitraryReply, steps, (replies, reply, step) => {
      const clock = new ServerClock();
      const stepped = learnAll(clock, replies, 50, AHEAD_MICROS);
      const now = learnAll(clock, [reply], stepped, AHEAD_MICROS + step);
      const tooLate = (clock.latestMicros(now) as number) - (now * 1000 + AHEAD_MICROS + step);
      expect(tooLate).toBeGreaterThanOrEqual(-1.5);
      expect(tooLate).toBeLessThanOrEqual(reply.thereMillis * 1000 + 2);
    });
    fc.assert(property, { numRuns: runs(500) });
  });

  it("may drift by a millisecond a second between replies", () => {
    const drifts = fc.integer({ min: -1_000, max: 1_000 });
    const property = fc.property(arbitraryReplies, drifts, (replies, perSecond) => {
      const clock = new ServerClock();
      let now = 50;
      const aheadAt = (at: number): number => AHEAD_MICROS + (at / 1000) * perSecond;
      for (const { afterMillis, thereMillis, backMillis } of replies) {
        const sent = now + afterMillis;
        const made = sent + thereMillis;
        now = made + backMillis;
        clock.learn(Math.floor(made * 1000 + aheadAt(made)), sent, now);
      }
      // What it drifts while a reply is on its way back is not allowed for: here 30 us, and 2 for rounding.
      expect(clock.latestMicros(now)).toBeGreaterThanOrEqual(now * 1000 + aheadAt(now) - 32);
    });
    fc.assert(property, { numRuns: runs(500) });
  });
});
