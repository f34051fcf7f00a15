import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  addCount,
  dropBefore,
  NO_SLOT_COUNTS,
  newestSlot,
  removeNewest,
  type SlotCounts,
  shiftSlots,
  sumCounts,
} from "../../../src/limits/slot-counts.js";

const COUNTS: SlotCounts = [10, 2, 20, 3, 30, 1];

describe("counts of slots", () => {
  it("are added to the newest slot, or start a newer one", () => {
    expect(addCount(NO_SLOT_COUNTS, 7, 2)).toEqual([7, 2]);
    expect(addCount(COUNTS, 30, 4)).toEqual([10, 2, 20, 3, 30, 5]);
    expect(addCount(COUNTS, 31, 4)).toEqual([10, 2, 20, 3, 30, 1, 31, 4]);
  });

  it("are not there for nothing", () => {
    expect(addCount(COUNTS, 31, 0)).toEqual(COUNTS);
    expect(addCount(NO_SLOT_COUNTS, 31, 0)).toEqual([]);
  });

  it("are dropped when they are from before a slot, and kept from it on", () => {
    expect(dropBefore(COUNTS, 10)).toEqual(COUNTS);
    expect(dropBefore(COUNTS, 11)).toEqual([20, 3, 30, 1]);
    expect(dropBefore(COUNTS, 30)).toEqual([30, 1]);
    expect(dropBefore(COUNTS, 31)).toEqual([]);
  });

  it("are removed newest first, and keep the places of their slots", () => {
    const left = [0, 1, 2, 4, 5, 6].map((count) => removeNewest(COUNTS, count));
    expect(left).toEqual([
      COUNTS,
      [10, 2, 20, 3, 30, 0],
      [10, 2, 20, 2, 30, 0],
      [10, 2, 20, 0, 30, 0],
      [10, 1, 20, 0, 30, 0],
      [10, 0, 20, 0, 30, 0],
    ]);
    expect(removeNewest([10, 2, 20, 0], 1)).toEqual([10, 1, 20, 0]);
    expect(COUNTS).toEqual([10, 2, 20, 3, 30, 1]);
  });

  it("move with the clock, all by as much", () => {
    expect(shiftSlots(COUNTS, -5)).toEqual([5, 2, 15, 3, 25, 1]);
  });

  it("know their newest slot, if there is one", () => {
    expect(newestSlot(COUNTS)).toBe(30);
    expect(newestSlot(NO_SLOT_COUNTS)).toBe(Number.NEGATIVE_INFINITY);
  });

  it("add up to what was added less what was removed", () => {
    const steps = fc.array(fc.record({ wait: fc.nat(2), added: fc.nat(5), removed: fc.nat(5) }), { maxLength: 40 });
    const property = fc.property(steps, (all) => {
      let counts = NO_SLOT_COUNTS;
      let [slot, sum] = [0, 0];
      for (const { wait, added, removed } of all) {
        slot += wait;
        counts = addCount(counts, slot, added);
        const taken = Math.min(removed, sum + added);
        counts = removeNewest(counts, taken);
        sum += added - taken;
        expect(sumCounts(counts)).toBe(sum);
        expect(counts.every((value) => value >= 0)).toBe(true);
        const slots = counts.filter((_, index) => index % 2 === 0);
        expect(slots).toEqual([...new Set(slots)].toSorted((a, b) => a - b));
      }
    });
    fc.assert(property);
  });
});
