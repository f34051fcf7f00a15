import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TwoGenerations } from "../../../src/stores/two-generations.js";

describe("a map of two generations", () => {
  it("keeps the last half of its entries at least, and never more than its bound", () => {
    const key = fc.integer({ min: 0, max: 30 }).map(String);
    const call = fc.record({ what: fc.constantFrom("set", "set", "set", "delete"), key });
    const property = fc.property(fc.integer({ min: 2, max: 12 }), fc.array(call, { maxLength: 80 }), (most, calls) => {
      const map = new TwoGenerations<number>(most);
      const recent = new Map<string, number>();
      calls.forEach(({ what, key }, index) => {
        recent.delete(key);
        if (what === "delete") {
          map.delete(key);
          expect(map.get(key)).toBeUndefined();
        } else {
          map.set(key, index);
          recent.set(key, index);
        }
        expect(map.size).toBeLessThanOrEqual(most);
        const [last] = [...recent].slice(-1);
        if (last !== undefined) expect(map.get(last[0])).toBe(last[1]);
        for (const [name] of recent) expect([undefined, recent.get(name)]).toContain(map.get(name));
      });
    });
    fc.assert(property, { numRuns: 500 });
  });

  it("keeps what is used, and forgets the rest", () => {
    const map = new TwoGenerations<number>(4);
    map.set("used", 1);
    map.set("left", 2);
    for (let i = 0; i < 10; i++) {
      map.set(`new ${i}`, i);
      expect(map.get("used")).toBe(1);
    }
    expect(map.get("left")).toBeUndefined();
  });

  it("lets go of what is not used between two turns", () => {
    const map = new TwoGenerations<number>(100);
    map.set("a", 1);
    map.set("b", 2);
    map.turn();
    expect(map.get("a")).toBe(1);
    map.turn();
    expect([map.get("a"), map.get("b"), map.size]).toEqual([1, undefined, 1]);
  });
});
