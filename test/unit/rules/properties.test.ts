import fc from "fast-check";
import { expect, test } from "vitest";
import { stringify } from "yaml";
import { formatFault } from "../../../src/rules/faults.js";
import { compileRules, type LoadResult } from "../../../src/rules/load-rules.js";
import type { Entry } from "../../../src/rules/rule.js";

const KEYWORDS = [
  "domain",
  "descriptors",
  "key",
  "value",
  "rate_limit",
  "unit",
  "requests_per_unit",
  "unlimited",
  "name",
  "replaces",
  "burst",
  "unit_multiplier",
  "max_debt",
  "shadow_mode",
  "share_threshold",
  "metadata",
  "<<",
  "__proto__",
  "constructor",
];

/** What must hold of any result: rules or an error, and faults that can be shown. */
function expectSound({ rules, faults }: LoadResult): void {
  expect(rules === undefined).toBe(faults.some((fault) => fault.severity === "error"));
  for (const fault of faults) {
    expect(fault.message).not.toMatch(/undefined|\[object|Invalid input|NaN/);
    expect(fault.position.line).toBeGreaterThan(0);
    expect(fault.position.column).toBeGreaterThan(0);
    expect(formatFault(fault)).toContain(fault.message);
  }
}

test("no text makes it throw", () => {
  const pieces = fc.constantFrom(
    ...KEYWORDS,
    ": ",
    "\n",
    "  ",
    "- ",
    "{",
    "}",
    "[",
    "]",
    ",",
    "&a ",
    "*a",
    "'",
    '"',
    "#",
    "|",
    ">",
    "!!omap ",
    "? ",
    "---\n",
    "...\n",
    "%YAML 1.1\n",
    "\t",
    "~",
    "1",
    "on",
    "!!int ",
    "\u{feff}",
    "\r\n",
    "day",
  );
  const text = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.array(pieces, { maxLength: 40 }).map((list) => list.join("")),
  );
  fc.assert(
    fc.property(text, (written) => {
      expectSound(compileRules([{ path: "r.yaml", text: written }]));
    }),
    { numRuns: 3000 },
  );
});

test("no YAML value makes it throw, and none changes what all objects have", () => {
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4, depthSize: "small" },
      fc.constantFrom(null, true, false, 0, 1, -1, 1.5, 1e20, "", "*", "day", "a*", "on", "__proto__"),
      fc.array(tie("value"), { maxLength: 3 }),
      fc.array(fc.tuple(fc.constantFrom(...KEYWORDS), tie("value")), { maxLength: 5 }).map((pairs) => new Map(pairs)),
    ),
  }));
  fc.assert(
    fc.property(value, (descriptors) => {
      const text = stringify(
        new Map<string, unknown>([
          ["domain", "d"],
          ["descriptors", descriptors],
        ]),
      );
      expectSound(
        compileRules([
          { path: "a.yaml", text },
          { path: "b.yaml", text: stringify(descriptors) },
        ]),
      );
      expect(Object.keys(Object.prototype)).toEqual([]);
    }),
    { numRuns: 1500 },
  );
});

/** A descriptor of the rules as the model takes it. */
interface Node {
  readonly key: string;
  readonly value: string;
  readonly limited: boolean;
  readonly children: readonly Node[];
}

const keys = fc.constantFrom("a", "b", "ab", "a*", "*", "__proto__");
const values = fc.constantFrom("", "x", "xy", "x*", "*y", "*", "y*x", "xyx", "constructor");

function nodes(depth: number): fc.Arbitrary<readonly Node[]> {
  const children = depth === 0 ? fc.constant([]) : nodes(depth - 1);
  return fc.uniqueArray(fc.record({ key: keys, value: values, limited: fc.boolean(), children }), {
    maxLength: 5,
    selector: (node) => JSON.stringify([node.key, node.value]),
  });
}

function write(list: readonly Node[]): unknown[] {
  return list.map((node) => ({
    key: node.key,
    ...(node.value !== "" && { value: node.value }),
    ...(node.limited && { rate_limit: { unit: "day", requests_per_unit: 1 } }),
    ...(node.children.length > 0 && { descriptors: write(node.children) }),
  }));
}

function meetsPattern(pattern: string, text: string): boolean {
  const escaped = pattern.split("*").map((piece) => piece.replace(/[^a-z]/g, "\\$&"));
  return new RegExp(`^${escaped.join("[^]*")}$`).test(text);
}

/** The path of the rule that entries meet, found by going through all descriptors at each level. */
function search(list: readonly Node[], [entry, ...rest]: readonly Entry[]): string[] | undefined {
  if (entry === undefined) return undefined;
  const isKeyPattern = (node: Node) => node.value === "" && node.key.endsWith("*");
  const exact = list.find(
    (n) => n.key === entry.key && n.value === entry.value && n.value !== "" && !n.value.includes("*"),
  );
  const wildcard = list.find((n) =>
    isKeyPattern(n)
      ? entry.key.startsWith(n.key.slice(0, -1))
      : n.key === entry.key && n.value.includes("*") && meetsPattern(n.value, entry.value),
  );
  const met = exact ?? wildcard ?? list.find((n) => n.key === entry.key && n.value === "");
  if (met === undefined) return undefined;
  const step = JSON.stringify([met.key, met.value]);
  if (rest.length === 0) return met.limited || met.children.length === 0 ? [step] : undefined;
  const below = search(met.children, rest);
  return below && [step, ...below];
}

test("matching agrees with a search through all descriptors", () => {
  const entry = fc.record({
    key: fc.constantFrom("a", "b", "ab", "abc", "c", "a*", "__proto__"),
    value: fc.constantFrom("", "x", "y", "xy", "yx", "xyx", "z", "x*", "constructor"),
  });
  fc.assert(
    fc.property(nodes(2), fc.array(fc.array(entry, { maxLength: 3 }), { maxLength: 20 }), (list, descriptors) => {
      const text = JSON.stringify({ domain: "d", descriptors: write(list) });
      const { rules, faults } = compileRules([{ path: "r.yaml", text }]);
      expect(faults).toEqual([]);
      for (const entries of descriptors) {
        const met = rules?.domains.get("d")?.match(entries);
        const path = met?.path.map((step) => JSON.stringify([step.key, step.value ?? ""]));
        expect(path).toEqual(search(list, entries));
      }
    }),
    { numRuns: 500 },
  );
});
