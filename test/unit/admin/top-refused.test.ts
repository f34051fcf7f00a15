import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TopRefused } from "../../../src/admin/live/top-refused.js";
import type { DescriptorPlan } from "../../../src/engine/plan.js";

/** A descriptor of one entry, whose bucket is its value. */
function refuse(top: TopRefused, value: string, nowMillis: number): void {
  const plan = { label: "rule", limits: [{ charge: { key: value } }] } as unknown as DescriptorPlan;
  top.add("shop", [{ key: "client", value }], plan, nowMillis);
}

function counts(top: TopRefused, nowMillis: number, most = 1_000): Record<string, number> {
  return Object.fromEntries(top.top(most, nowMillis).refused.map((each) => [each.entries[0]?.value, each.count]));
}

describe("the descriptors that are refused most", () => {
  it("are counted exactly while they are few, most first", () => {
    const top = new TopRefused(0);
    for (const value of ["a", "b", "a", "c", "a", "b"]) refuse(top, value, 100);
    const { refused, seconds } = top.top(2, 2_000);
    expect(refused.map(({ entries, count, error }) => [entries[0]?.value, count, error])).toEqual([
      ["a", 3, 0],
      ["b", 2, 0],
    ]);
    expect(seconds).toBe(2);
  });

  it("are forgotten after five to ten seconds", () => {
    const top = new TopRefused(0);
    refuse(top, "a", 4_999);
    refuse(top, "b", 5_000);
    expect(counts(top, 9_999)).toEqual({ a: 1, b: 1 });
    expect(top.top(9, 9_999).seconds).toBeCloseTo(9.999);
    expect(counts(top, 10_000)).toEqual({ b: 1 });
    expect(counts(top, 15_000)).toEqual({});
    refuse(top, "c", 99_000);
    expect(counts(top, 99_000)).toEqual({ c: 1 });
    expect(top.top(9, 99_000).seconds).toBeLessThanOrEqual(10);
  });

  it("are among those told, however many others there are, with bounds that hold", () => {
    const history = fc.array(fc.tuple(fc.integer({ min: 0, max: 400 }), fc.boolean()), {
      minLength: 500,
      maxLength: 2_000,
    });
    fc.assert(
      fc.property(history, (steps) => {
        const top = new TopRefused(0);
        const truth = new Map<string, number>();
        steps.forEach(([number, isHeavy], index) => {
          const value = isHeavy ? `heavy ${number % 5}` : `light ${number} ${index}`;
          truth.set(value, (truth.get(value) ?? 0) + 1);
          refuse(top, value, 1_000);
        });
        const told = top.top(1_000, 1_000).refused;
        expect(told.length).toBeLessThanOrEqual(128);
        for (const { entries, count, error } of told) {
          const actual = truth.get(entries[0]?.value ?? "") ?? 0;
          expect(count).toBeGreaterThanOrEqual(actual);
          expect(count - error).toBeLessThanOrEqual(actual);
        }
        const names = told.map(({ entries }) => entries[0]?.value);
        for (const [value, count] of truth) if (count > steps.length / 128) expect(names).toContain(value);
      }),
      { numRuns: 30 },
    );
  });
});
