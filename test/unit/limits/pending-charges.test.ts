import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  addPending,
  countPending,
  dropLapsed,
  NO_PENDING_CHARGES,
  type PendingCharges,
  usePending,
} from "../../../src/limits/pending-charges.js";

const LAPSE = 1_600;
const SLOT = LAPSE / 16;

describe("pending charges", () => {
  it("are kept for the whole lapse and at most a sixteenth longer (D5)", () => {
    const property = fc.property(fc.nat({ max: 2 ** 50 }), fc.integer({ min: 1, max: 2 ** 40 }), (now, lapse) => {
      const pending = addPending(NO_PENDING_CHARGES, 1, now, lapse);
      expect(countPending(dropLapsed(pending, now + lapse - 1))).toBe(1);
      expect(countPending(dropLapsed(pending, now + lapse + Math.max(1, Math.floor(lapse / 16))))).toBe(0);
    });
    fc.assert(property);
  });

  it("lapse together when they were left in the same sixteenth of the lapse", () => {
    let pending = addPending(NO_PENDING_CHARGES, 2, 1, LAPSE);
    pending = addPending(pending, 3, SLOT, LAPSE);
    expect(pending).toEqual([LAPSE + SLOT, 5]);
    pending = addPending(pending, 1, SLOT + 1, LAPSE);
    expect(pending).toEqual([LAPSE + SLOT, 5, LAPSE + 2 * SLOT, 1]);
  });

  it("are used up oldest first", () => {
    const pending: PendingCharges = [10, 2, 20, 3, 30, 1];
    expect(usePending(pending, 1)).toEqual([10, 1, 20, 3, 30, 1]);
    expect(usePending(pending, 2)).toEqual([20, 3, 30, 1]);
    expect(usePending(pending, 4)).toEqual([20, 1, 30, 1]);
    expect(usePending(pending, 6)).toEqual([]);
  });

  it("stay sorted by when they lapse though the clock steps back", () => {
    const pending = addPending(addPending(NO_PENDING_CHARGES, 1, 10_000, LAPSE), 1, 500, LAPSE);
    expect(pending).toEqual([11_600, 2]);
  });

  it("take no more than 18 pairs however many there are, and are counted one by one", () => {
    const steps = fc.array(fc.record({ wait: fc.integer({ min: -50, max: 200 }), used: fc.nat(2) }), {
      maxLength: 100,
      size: "max",
    });
    const property = fc.property(steps, (peeks) => {
      let now = 1_000_000;
      let pending = NO_PENDING_CHARGES;
      for (const { wait, used } of peeks) {
        now += wait;
        const kept = dropLapsed(pending, now);
        const before = countPending(kept);
        const using = Math.min(used, before);
        pending = addPending(usePending(kept, using), 1, now, LAPSE);
        expect(countPending(pending)).toBe(before - using + 1);
        const lapses = pending.filter((_, index) => index % 2 === 0);
        expect(lapses).toEqual(lapses.toSorted((a, b) => a - b));
      }
    });
    fc.assert(property);
    let pending = NO_PENDING_CHARGES;
    for (let now = 0; now < 10 * LAPSE; now++) pending = addPending(dropLapsed(pending, now), 1, now, LAPSE);
    expect(pending.length / 2).toBeLessThanOrEqual(18);
    expect(countPending(pending)).toBeGreaterThanOrEqual(LAPSE);
  });
});
