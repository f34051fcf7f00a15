import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fits } from "../../../src/limits/hits.js";
import { type BucketLimit, MAX_HITS } from "../../../src/limits/limit.js";
import { type SlidingWindowState, slidingWindow } from "../../../src/limits/sliding-window.js";
import type { SlotCounts } from "../../../src/limits/slot-counts.js";
import { runs } from "../../support/property-runs.js";

const SECOND = 1_000_000;
const MINUTE = 60 * SECOND;
/** The start of a minute, whose slots are seconds. */
const START = 1_795_392_000_000_000;
const SLOT = START / SECOND;
const { refill, refund, charge, microsUntil, keptMicros, isOutdated } = slidingWindow;

function limitOf(burst: number, periodMicros = MINUTE, maxDebt = burst): BucketLimit {
  return { algorithm: "sliding_window", tokensPerPeriod: burst, periodMicros, burst, maxDebt };
}

/** A window of a minute; slots are counted from the one that starts at START. */
function stateOf(burst: number, ...counts: readonly number[]): SlidingWindowState {
  const sum = counts.reduce((taken, count, index) => (index % 2 === 1 ? taken + count : taken), 0);
  return { counts: fromSlots(counts), tokens: burst - sum, burst, pending: [] };
}

function fromSlots(counts: readonly number[]): SlotCounts {
  return counts.map((value, index) => (index % 2 === 0 ? SLOT + value : value));
}

describe("a sliding window", () => {
  it("is full where nothing is stored", () => {
    expect(refill(undefined, limitOf(7), START)).toEqual(stateOf(7));
  });

  it("counts what was taken until its whole slot is a period ago", () => {
    const limit = limitOf(10);
    const stored = stateOf(10, 0, 4, 30, 5);
    const tokensAfter = (elapsed: number) => refill(stored, limit, START + elapsed).tokens;
    expect([31 * SECOND, 61 * SECOND - 1, 61 * SECOND, 91 * SECOND - 1, 91 * SECOND].map(tokensAfter)).toEqual([
      1, 1, 5, 5, 10,
    ]);
  });

  it("books charges in the slot of the moment", () => {
    const limit = limitOf(10);
    const first = charge(refill(undefined, limit, START), 7, [], limit, START);
    expect(first).toEqual(stateOf(10, 0, 3));
    const same = START + SECOND - 1;
    const second = charge(refill(first, limit, same), 5, [], limit, same);
    expect(second).toEqual(stateOf(10, 0, 5));
    expect(charge(refill(second, limit, same + 1), 1, [], limit, same + 1)).toEqual(stateOf(10, 0, 5, 1, 4));
  });

  it("gives refunds to the newest slots first (D8)", () => {
    const limit = limitOf(10);
    const stored = stateOf(10, 0, 4, 30, 3, 31, 2);
    expect(refund(stored, 1, limit)).toEqual(stateOf(10, 0, 4, 30, 3, 31, 1));
    expect(refund(stored, 4, limit)).toEqual(stateOf(10, 0, 4, 30, 1, 31, 0));
    expect(refund(stored, MAX_HITS, limit)).toEqual(stateOf(10, 0, 0, 30, 0, 31, 0));
  });

  it("is left as it is by a refund where there is nothing to give back", () => {
    const [some, full] = [stateOf(10, 0, 4), stateOf(10)];
    expect(refund(some, 0, limitOf(10))).toBe(some);
    expect(refund(full, 5, limitOf(10))).toBe(full);
  });

  it("promises the moment at which enough of the oldest slots leave", () => {
    const limit = limitOf(10);
    const stored = stateOf(10, 0, 4, 30, 5);
    const now = START + 40 * SECOND;
    const until = (wanted: number, tokens = 1) => microsUntil(wanted, tokens, stored, limit, now);
    expect([0, 1, 2, 5, 6, 10].map((wanted) => until(wanted))).toEqual([
      0,
      0,
      21 * SECOND,
      21 * SECOND,
      51 * SECOND,
      51 * SECOND,
    ]);
    // What charges of this moment take leaves with the current slot.
    expect(until(10, 0)).toBe(61 * SECOND);
    expect(until(11)).toBe(Number.POSITIVE_INFINITY);
  });

  it("has slots of equal length but for the rounding of their edges, in any period", () => {
    const property = fc.property(fc.integer({ min: 60, max: 2 ** 50 }), fc.nat({ max: 1_000 }), (period, offset) => {
      const limit = limitOf(1, period);
      const now = START + offset;
      const taken = charge(refill(undefined, limit, now), 0, [], limit, now);
      const promised = microsUntil(1, 0, taken, limit, now);
      const slot = (BigInt(now) * 60n) / BigInt(period);
      expect(taken.counts).toEqual([Number(slot), 1]);
      expect(BigInt(now + promised)).toBe(((slot + 61n) * BigInt(period) + 59n) / 60n);
    });
    fc.assert(property, { numRuns: runs(2_000) });
  });
});

/** Periods of which some are not whole sixtieths, and steps of time to the edges of slots and around them. */
const arbitraryTraffic = fc
  .record({
    period: fc.oneof(
      fc.constantFrom(60, 61, 3_599, SECOND, MINUTE, 999_983, 30 * 86_400 * SECOND),
      fc.integer({ min: 60, max: 2 ** 40 }),
    ),
    burst: fc.oneof(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 10 ** 6 })),
    offset: fc.nat({ max: 10 ** 6 }),
  })
  .chain(({ period, burst, offset }) => {
    const slots = fc.oneof(fc.nat({ max: 3 }), fc.nat({ max: 62 }));
    const wait = fc.oneof(
      fc.constant({ slots: 0, micros: 0 }),
      fc.record({ slots, micros: fc.integer({ min: -1, max: 1 }) }),
      fc.record({ slots: fc.constant(0), micros: fc.nat({ max: Math.floor(period / 20) }) }),
      fc.constant("promise" as const),
    );
    const hits = fc.oneof(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: burst }));
    const requests = fc.array(fc.record({ wait, hits }), { minLength: 1, maxLength: 80, size: "max" });
    return fc.record({ period: fc.constant(period), burst: fc.constant(burst), offset: fc.constant(offset), requests });
  });

describe("what a sliding window admits", () => {
  it("is at most its limit in any period, whatever comes when", () => {
    const property = fc.property(arbitraryTraffic, ({ period, burst, offset, requests }) => {
      const limit = limitOf(burst, period);
      const admitted: { at: number; hits: number }[] = [];
      let now = START + offset;
      let promised = 0;
      let stored: SlidingWindowState | undefined;
      for (const { wait, hits } of requests) {
        if (wait === "promise") now += promised;
        else now = Math.max(now, edgeAfter(now, wait.slots, period) + wait.micros);
        const refilled = refill(stored, limit, now);
        promised = microsUntil(hits, refilled.tokens, refilled, limit, now);
        if (!Number.isFinite(promised)) promised = 0;
        if (!fits(refilled.tokens, hits)) continue;
        stored = charge(refilled, refilled.tokens - hits, [], limit, now);
        admitted.push({ at: now, hits });
      }
      for (const [index, first] of admitted.entries()) {
        let sum = 0;
        for (const { at, hits } of admitted.slice(index)) if (at - first.at <= period) sum += hits;
        expect(sum).toBeLessThanOrEqual(burst);
      }
    });
    fc.assert(property, { numRuns: runs(2_000) });
  });

  it("is at least its limit in any period and a slot, when more is asked for all the time", () => {
    const property = fc.property(arbitraryTraffic, ({ period, burst, offset, requests }) => {
      const limit = limitOf(burst, period);
      const longest = period + Math.ceil(period / 60);
      const admitted: { at: number; hits: number }[] = [];
      let now = START + offset;
      let stored: SlidingWindowState | undefined;
      // Whenever a token is there it is taken, and with it as many more as there are, up to a number of hits.
      for (const { hits } of requests) {
        const refilled = refill(stored, limit, now);
        const taken = Math.min(hits, refilled.tokens);
        stored = charge(refilled, refilled.tokens - taken, [], limit, now);
        admitted.push({ at: now, hits: taken });
        now += microsUntil(1, stored.tokens, stored, limit, now);
      }
      const last = admitted.at(-1)?.at ?? 0;
      for (const [index, first] of admitted.entries()) {
        // At the last moment there may be more to take.
        if (first.at + longest >= last) break;
        let sum = 0;
        for (const { at, hits } of admitted.slice(index + 1)) if (at - first.at <= longest) sum += hits;
        expect(sum).toBeGreaterThanOrEqual(burst);
      }
    });
    fc.assert(property, { numRuns: runs(1_000) });
  });

  it("fits until exactly the promised microsecond not, and at it", () => {
    const property = fc.property(arbitraryTraffic, fc.nat(), ({ period, burst, offset, requests }, wish) => {
      const limit = limitOf(burst, period);
      let now = START + offset;
      let stored = refill(undefined, limit, now);
      for (const { hits } of requests) {
        now += Math.floor(period / 40);
        const refilled = refill(stored, limit, now);
        // Into debt too, as settled costs go (D5).
        stored = charge(refilled, Math.max(-burst, refilled.tokens - hits), [], limit, now);
      }
      const wanted = wish % (burst + 1);
      const promised = microsUntil(wanted, stored.tokens, stored, limit, now);
      expect(fits(refill(stored, limit, now + promised).tokens, wanted)).toBe(true);
      if (promised > 0) expect(fits(refill(stored, limit, now + promised - 1).tokens, wanted)).toBe(false);
    });
    fc.assert(property, { numRuns: runs(1_000) });
  });
});

/** The start of the slot that comes so many after the one of `now`, at least `now`. */
function edgeAfter(now: number, slots: number, period: number): number {
  if (slots === 0) return now;
  const slot = (BigInt(now) * 60n) / BigInt(period) + BigInt(slots);
  return Number((slot * BigInt(period) + 59n) / 60n);
}

describe("a sliding window under a new limit", () => {
  it("is not filled by a larger one: what that adds comes with time (D11)", () => {
    const now = START + 40 * SECOND;
    const larger = refill(stateOf(10, 0, 4, 30, 5), limitOf(100), now);
    expect(larger).toEqual({ ...stateOf(100, 0, 4, 30, 5, 40, 90), tokens: 1 });
    expect(refill(larger, limitOf(100), START + 61 * SECOND).tokens).toBe(5);
    expect(refill(larger, limitOf(100), START + 101 * SECOND).tokens).toBe(100);
  });

  it("counts as before when the larger limit goes again (D11)", () => {
    const stored = stateOf(10, 0, 4, 30, 5);
    const now = START + 40 * SECOND;
    const again = refill(refill(stored, limitOf(100), now), limitOf(10), now);
    expect(again).toEqual(stateOf(10, 0, 4, 30, 5, 40, 0));
  });

  it("is cut by a smaller one, and gives up what was counted newest (D11)", () => {
    const now = START + 40 * SECOND;
    expect(refill(stateOf(100, 0, 4, 30, 5), limitOf(20), now)).toEqual(stateOf(20, 0, 0, 30, 0));
    expect(refill(stateOf(100, 0, 80, 30, 15), limitOf(20), now)).toEqual(stateOf(20, 0, 15, 30, 0));
  });

  it("keeps a debt as it is (D11)", () => {
    const now = START + 40 * SECOND;
    expect(refill(stateOf(10, 0, 4, 30, 9), limitOf(5), now).tokens).toBe(-3);
    expect(refill(stateOf(10, 0, 4, 30, 9), limitOf(50), now).tokens).toBe(-3);
  });
});

describe("a sliding window whose clock steps back", () => {
  it("moves with the clock, and every slot keeps its age (D11)", () => {
    const limit = limitOf(10);
    const back = refill(stateOf(10, 0, 4, 30, 5), limit, START - 1_000 * SECOND + 1);
    expect(back).toEqual(stateOf(10, -1_030, 4, -1_000, 5));
    expect(refill(back, limit, START - 970 * SECOND + 1).tokens).toBe(1);
    expect(refill(back, limit, START - 969 * SECOND).tokens).toBe(5);
  });
});

describe("a stored sliding window", () => {
  const stored = stateOf(10, 0, 4, 30, 5);

  function isOutdatedAfter(elapsed: number, limit: BucketLimit): boolean {
    return isOutdated(stored, refill(stored, limit, START + elapsed), limit);
  }

  it("still holds after time has passed", () => {
    expect(isOutdatedAfter(30 * SECOND, limitOf(10))).toBe(false);
    expect(isOutdatedAfter(61 * SECOND, limitOf(10))).toBe(false);
    expect(isOutdated(stateOf(10), refill(stateOf(10), limitOf(10), START), limitOf(10))).toBe(false);
  });

  it("is kept until its newest slot leaves, though all was given back or cut since (D11)", () => {
    const now = START + 40 * SECOND;
    const limit = limitOf(10);
    for (const kept of [stored, refund(stored, 9, limit), refill(stored, limitOf(1), now)]) {
      expect(keptMicros(kept, limit, now)).toBe(51 * SECOND);
    }
    expect(keptMicros(stateOf(10), limit, now)).toBe(0);
  });

  it("is outdated by a step back of the clock and by another limit (D11)", () => {
    expect(isOutdatedAfter(29 * SECOND, limitOf(10))).toBe(true);
    expect(isOutdatedAfter(30 * SECOND, limitOf(11))).toBe(true);
    expect(isOutdatedAfter(30 * SECOND, limitOf(9))).toBe(true);
  });
});
