import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TwoGenerations } from "../../../src/stores/two-generations.js";

describe("a map of two generations", () => {
  it("keeps the last half of its entries at least, and never more than its bound", () => {
    const key = fc.integer({ min: 0, max: 9 }).map(String);
    const call = fc.record({ what: fc.constantFrom("set", "set", "set", "get", "get", "delete"), key });
    const property = fc.property(fc.integer({ min: 2, max: 12 }), fc.array(call, { maxLength: 200 }), (most, calls) => {
      const map = new TwoGenerations<number>(most);
      const written = new Map<string, number>();
      // Every use in order, those of keys deleted since among them: they too have pushed older entries out.
      const used: string[] = [];
      calls.forEach(({ what, key }, index) => {
        if (what === "delete") {
          map.delete(key);
          written.delete(key);
          expect(map.get(key)).toBeUndefined();
        } else if (what === "set") {
          map.set(key, index);
          written.set(key, index);
          used.push(key);
        } else {
          const mustBeKept = used.slice(-Math.floor(most / 2)).includes(key);
          const found = map.get(key);
          expect(mustBeKept ? [written.get(key)] : [undefined, written.get(key)]).toContain(found);
          if (found !== undefined) used.push(key);
        }
        expect(map.size).toBeLessThanOrEqual(most);
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
