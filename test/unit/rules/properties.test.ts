import fc from "fast-check";
import { expect, test } from "vitest";
import { stringify } from "yaml";
import { formatFault } from "../../../src/rules/faults.js";
import { compileRules, type LoadResult } from "../../../src/rules/load-rules.js";

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
  "cidr",
  "regex",
  "rate_limits",
  "algorithm",
  "token_bucket",
  "max_tokens",
  "fill_interval",
  "deny_response",
  "headers",
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
      fc.constantFrom(
        null,
        true,
        false,
        0,
        1,
        -1,
        1.5,
        1e20,
        "",
        "*",
        "day",
        "a*",
        "on",
        "__proto__",
        "10.0.0.0/8",
        "::/0",
        "(a|b",
        "^a+$",
        "1s",
      ),
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

test("no regular expression makes it throw, and none that is taken makes a match throw", () => {
  const pieces = fc.constantFrom(
    "a",
    "(",
    ")",
    "[",
    "]",
    "{2}",
    "{",
    "*",
    "+",
    "?",
    "|",
    "^",
    "$",
    "\\",
    "\\p",
    "(?",
    ":",
    "-",
    "é",
    "\u{1F600}",
    "\ud800",
  );
  const pattern = fc.array(pieces, { minLength: 1, maxLength: 12 }).map((list) => list.join(""));
  fc.assert(
    fc.property(pattern, fc.string({ unit: "binary" }), (regex, value) => {
      const text = JSON.stringify({ domain: "d", descriptors: [{ key: "k", regex }] });
      const result = compileRules([{ path: "r.yaml", text }]);
      expectSound(result);
      result.rules?.domains.get("d")?.match([{ key: "k", value }]);
    }),
    { numRuns: 2000 },
  );
});
