import { expect, it } from "vitest";
import { joinFaults } from "../../../../src/grpc/xds/error-detail.js";

const told = (...texts: string[]) => ({ texts, more: 0 });

it("faults are joined as they are while there is room for them", () => {
  expect(joinFaults(told("one"))).toBe("one");
  expect(joinFaults(told("one", "two"))).toBe("one\ntwo");
  const exact = ["x".repeat(2_000), "y".repeat(2_095)];
  expect(joinFaults(told(...exact))).toBe(exact.join("\n"));
});

it("faults for which there is no room are counted", () => {
  const many = Array.from({ length: 1_000 }, (_, index) => `fault ${index}`.padEnd(99, "."));
  const lines = joinFaults(told(...many)).split("\n");
  expect(lines.slice(0, -1)).toEqual(many.slice(0, 40));
  expect(lines.at(-1)).toBe("and 960 more");
  expect(joinFaults({ texts: many, more: 9_000 })).toMatch(/\nand 9960 more$/);
  expect(joinFaults({ texts: ["one"], more: 2 })).toBe("one\nand 2 more");
});

it("of a first fault that is too long there is the beginning", () => {
  const [start, more] = joinFaults(told("x".repeat(5_000), "second")).split("\n");
  expect(start).toBe(`${"x".repeat(4_096)}…`);
  expect(more).toBe("and 1 more");
});
