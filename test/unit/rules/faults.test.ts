import { expect, test } from "vitest";
import { type Fault, formatFault, sortFaults } from "../../../src/rules/faults.js";
import { locateIn } from "../../../src/rules/source-file.js";

function fault(file: string, line: number, column: number, message = "wrong"): Fault {
  return { code: "invalid-yaml", severity: "error", position: { file, line, column }, message, sourceLine: "" };
}

test("a fault is shown with its code, its line and a caret under the column", () => {
  const locator = locateIn({ path: "a.yaml", text: "one\r\n\ttwo: three\r\n" });
  expect(formatFault(locator.faultAt("invalid-yaml", 11, "bad"))).toBe(
    "a.yaml:2:7: bad [invalid-yaml]\n  \ttwo: three\n  \t     ^",
  );
});

test("a warning says that it is one", () => {
  const locator = locateIn({ path: "a.yaml", text: "one" });
  expect(formatFault(locator.faultAt("never-met", 0, "odd"))).toBe("a.yaml:1:1: warning: odd [never-met]\n  one\n  ^");
});

test("a fault without a line has no caret", () => {
  expect(formatFault(fault("a.yaml", 1, 1))).toBe("a.yaml:1:1: wrong [invalid-yaml]");
});

test("of a long line only what is near the caret is shown", () => {
  const locator = locateIn({ path: "a", text: `${"x".repeat(5000)}HERE${"y".repeat(5000)}` });
  const [, line, caret] = formatFault(locator.faultAt("invalid-yaml", 5000, "bad")).split("\n");
  expect(line).toBe(`  ${"x".repeat(80)}HERE${"y".repeat(76)}`);
  expect(caret).toBe(`${" ".repeat(82)}^`);
});

test("control characters of a file do not reach the terminal", () => {
  const locator = locateIn({ path: "a", text: "x\u001b[31m\u0007y" });
  expect(formatFault(locator.faultAt("invalid-yaml", 1, "bad"))).toBe(
    "a:1:2: bad [invalid-yaml]\n  x\u{fffd}[31m\u{fffd}y\n   ^",
  );
});

test("offsets outside the text point at its ends", () => {
  const locator = locateIn({ path: "a", text: "one\ntwo" });
  expect(locator.positionAt(-1)).toEqual({ file: "a", line: 1, column: 1 });
  expect(locator.positionAt(99)).toEqual({ file: "a", line: 2, column: 4 });
  expect(locateIn({ path: "a", text: "" }).positionAt(0)).toEqual({ file: "a", line: 1, column: 1 });
});

test("the first and the last character of each line are found in their line", () => {
  const locator = locateIn({ path: "a", text: "ab\n\ncd\n" });
  const found = [0, 1, 2, 3, 4, 5, 6, 7].map((offset) => locator.positionAt(offset));
  expect(found.map(({ line, column }) => `${line}:${column}`)).toEqual([
    "1:1",
    "1:2",
    "1:3",
    "2:1",
    "3:1",
    "3:2",
    "3:3",
    "4:1",
  ]);
});

test("faults are sorted by file, line as a number, column, and told once", () => {
  const faults = [fault("b", 1, 1), fault("a", 10, 1), fault("a", 9, 5), fault("a", 9, 5), fault("a", 9, 4)];
  expect(sortFaults(faults).map(({ position: p }) => `${p.file}:${p.line}:${p.column}`)).toEqual([
    "a:9:4",
    "a:9:5",
    "a:10:1",
    "b:1:1",
  ]);
});

test("two faults at one place are both told", () => {
  expect(sortFaults([fault("a", 1, 1, "y"), fault("a", 1, 1, "x")]).map((f) => f.message)).toEqual(["x", "y"]);
});
