import { expect, test } from "vitest";
import { domainFrom, faultsIn, labelMet, onlyRule } from "./compiled.js";

const NOT_YAML: readonly (readonly [string, string, string[]])[] = [
  ["a tab as indent", "domain: d\n\tx: y\n", ["r.yaml:2:1: not valid YAML: a tab cannot indent a line; use spaces"]],
  ["an open quote", 'domain: "d\n', ['r.yaml:2:1: not valid YAML: missing closing "quote']],
  [
    "an open bracket",
    "domain: d\ndescriptors: [\n",
    ["r.yaml:3:1: not valid YAML: flow sequence in block collection must be sufficiently indented and end with a ]"],
  ],
  [
    "two maps on a line",
    "domain: a: b\n",
    [
      "r.yaml:1:9: not valid YAML: nested mappings are not allowed in compact mappings; is the indent wrong, or a quote missing?",
    ],
  ],
  [
    "a reserved character",
    "domain: `d`\n",
    ["r.yaml:1:9: not valid YAML: plain value cannot start with reserved character `"],
  ],
  [
    "uneven items",
    "domain: d\ndescriptors:\n  - key: a\n - key: b\n",
    [
      "r.yaml:4:1: not valid YAML: a block sequence may not be used as an implicit map key; is the indent wrong, or a quote missing?",
    ],
  ],
  ["several errors in one file", "domain: 'd\n  x\ny: `\n", ["r.yaml:4:1: not valid YAML: missing closing 'quote"]],
  ["an unknown tag", "domain: !what d\n", ["r.yaml:1:9: warning: unresolved tag: !what"]],
  ["an empty file", "", ["r.yaml:1:1: the file is empty; it must have at least a domain"]],
  ["only comments", "# nothing\n---\n# here\n", ["r.yaml:1:1: the file is empty; it must have at least a domain"]],
  [
    "two documents",
    "domain: a\n---\ndomain: b\n",
    ["r.yaml:3:1: more than one document in a file; put each document into a file of its own"],
  ],
  [
    "a key twice",
    "domain: a\ndomain: b\n",
    ['r.yaml:2:1: the key "domain" is in this map already, at line 1, column 1'],
  ],
  [
    "a key twice in metadata",
    "domain: d\ndescriptors:\n  - key: k\n    metadata: {a: {x: 1, x: 2}}\n",
    ['r.yaml:4:26: the key "x" is in this map already, at line 4, column 20'],
  ],
  ["a map as key", "domain: d\n? [a]\n: b\n", ["r.yaml:2:3: a key must be text, not a map or a list"]],
  [
    "an alias without an anchor",
    "domain: *nowhere\n",
    ["r.yaml:1:1: domain is required", "r.yaml:1:9: no anchor &nowhere before this alias"],
  ],
  ["a merge key for text", "domain: d\n<<: x\n", ["r.yaml:2:1: a merge key << must be given a map, or a list of maps"]],
  [
    "a list of bare pairs",
    "domain: d\ndescriptors:\n  - key: k\n    metadata: {a: !!omap [{b: 1}]}\n",
    ["r.yaml:4:26: a tag such as !!omap or !!pairs has no place in metadata"],
  ],
];

test.each(NOT_YAML)("%s is told with its place", (_name, text, expected) => {
  expect(faultsIn(text)).toEqual(expected);
});

test("separators without a document after them do no harm", () => {
  for (const text of ["---\ndomain: d\n---\n", "domain: d\n...\n", "---\ndomain: d\n---\n# end\n"]) {
    expect(faultsIn(text)).toEqual([]);
  }
});

test("a byte order mark and CRLF are borne, and do not shift places", () => {
  expect(faultsIn("\u{feff}domain: d\r\n")).toEqual([]);
  expect(faultsIn("\u{feff}domain: d\r\nfoo: b\r\n")).toEqual([
    'r.yaml:2:1: unknown key "foo"; a rules file takes domain, algorithm, descriptors',
  ]);
  expect(faultsIn("\u{feff}domian: d\n")[1]).toBe('r.yaml:1:1: unknown key "domian"; did you mean "domain"?');
});

test("nesting is taken down to 64 levels and refused below, whatever makes it", () => {
  const nested = (levels: number) =>
    `domain: d\ndescriptors:\n  - key: k\n    metadata: {a: ${"[".repeat(levels)}${"]".repeat(levels)}}\n`;
  expect(faultsIn(nested(60))).toEqual([]);
  expect(faultsIn(nested(61))).toEqual(["r.yaml:4:79: nested too deeply: at most 64 levels of maps and lists"]);
  for (const text of [
    "[".repeat(1_000_000) + "]".repeat(1_000_000),
    "- ".repeat(1_000_000),
    "{a: ".repeat(1_000_000),
    "? ".repeat(1_000_000),
  ]) {
    expect(faultsIn(text)[0]).toMatch(/^r\.yaml:1:\d+: nested too deeply/);
  }
});

test("aliases that multiply are refused where they are", () => {
  const lines = [
    "domain: d",
    "descriptors:",
    "  - key: k",
    "    metadata:",
    "      a0: &a0 [x, x, x, x, x, x, x, x, x]",
  ];
  for (let i = 1; i < 20; i += 1)
    lines.push(
      `      a${i}: &a${i} [${Array(9)
        .fill(`*a${i - 1}`)
        .join(", ")}]`,
    );
  expect(faultsIn(lines.join("\n"))).toEqual([
    expect.stringMatching(/^r\.yaml:\d+:\d+: aliases \(\*\) make this file too large; write out what they stand for/),
  ]);
});

test("merge keys that multiply are refused", () => {
  const lines = ["domain: d", "descriptors:", "  - key: k", "    metadata:", "      a0: &a0 {x: 1}"];
  for (let i = 1; i < 40; i += 1) lines.push(`      a${i}: &a${i} {<<: [*a${i - 1}, *a${i - 1}, *a${i - 1}]}`);
  expect(faultsIn(lines.join("\n"))).toEqual([expect.stringContaining("aliases (*) make this file too large")]);
});

test("an alias to what it is in is refused", () => {
  expect(faultsIn("domain: d\ndescriptors: &all\n  - key: k\n    descriptors: *all\n")).toEqual([
    "r.yaml:4:18: aliases (*) make this file too large; write out what they stand for, or use fewer",
  ]);
});

test("anchors, aliases and merge keys stand for what they name; own keys and earlier maps win", () => {
  const rules = domainFrom(
    "d",
    [
      "domain: d",
      "descriptors:",
      "  - &first",
      "    key: a",
      "    rate_limit: &limit {unit: minute, requests_per_unit: 5}",
      "  - {<<: *first, key: b}",
      "  - key: c",
      "    rate_limit: {<<: [{burst: 7}, {burst: 8, name: n}, *limit], requests_per_unit: 6}",
      "  - {key: d, rate_limit: *limit}",
    ].join("\n"),
  );
  expect(rules.rules.map((rule) => rule.label)).toEqual(["a", "b", "c", "d"]);
  const limits = rules.rules.map((rule) => rule.limits[0]);
  expect(limits[1]).toEqual(limits[0]);
  expect(limits[3]).toEqual(limits[0]);
  expect(limits[2]).toMatchObject({ requestsPerUnit: 6, unit: "minute", name: "n", bucket: { burst: 7 } });
});

test("an anchor in a map that is ignored can still be used", () => {
  const text = "domain: d\nrate_limit: &r {unit: day}\ndescriptors:\n  - {key: a, rate_limit: *r}\n";
  expect(faultsIn(text)).toEqual([
    "r.yaml:2:1: warning: rate_limit has no effect in a rules file and is ignored; it belongs in a descriptor",
  ]);
  expect(onlyRule(text).limits[0]).toMatchObject({ unit: "day" });
});

test("domains, keys, values and names are what the file says, not what YAML makes of it", () => {
  const sources = ["on", "007", "1.10", "0x1F", "1e3", "true", "No", "2026-11-23", "1_000", ".5", "+1", "12:30:45"];
  for (const source of sources) {
    const text = `domain: ${source}\ndescriptors:\n  - key: ${source}\n    value: ${source}\n    rate_limit: {unit: day, name: ${source}}\n`;
    const rules = domainFrom(source, text);
    expect(rules.domain).toBe(source);
    expect(labelMet(rules, `${source}=${source}`)).toBe(`${source}=${source}`);
    expect(rules.rules[0]?.limits[0]?.name).toBe(source);
  }
});

test("quotes are no part of a value, and what is in them is text", () => {
  const text = `domain: d\ndescriptors:\n  - {key: "null", value: '~'}\n  - {key: "a\\tb", value: 'it''s'}\n  - key: k\n    value: >-\n      two\n      lines\n`;
  expect(domainFrom("d", text).rules.map((rule) => rule.path[0])).toMatchObject([
    { key: "null", value: "~" },
    { key: "a\tb", value: "it's" },
    { key: "k", value: "two lines" },
  ]);
});

test.each(['value: ""', "value:", "value: ~", "value: null", "value: NULL"])("`%s` is no value", (line) => {
  const rule = onlyRule(`domain: d\ndescriptors:\n  - key: k\n    ${line}\n`);
  expect(rule.path).toEqual([{ key: "k", shareThreshold: false, valueToMetric: false }]);
});

test("what is null is as if it were not there", () => {
  const text =
    "domain: d\ndescriptors:\n  - key: k\n    rate_limit: ~\n    shadow_mode:\n    metadata:\n    descriptors:\n";
  expect(faultsIn(text)).toEqual([]);
  expect(onlyRule(text)).toMatchObject({
    limits: [],
    shadowMode: false,
  });
  expect(faultsIn("domain: d\ndescriptors:\n")).toEqual([]);
});

test.each([
  ["true", true],
  ["True", true],
  ["false", false],
  ["FALSE", false],
])("a flag can be %s", (source, expected) => {
  const text = `domain: d\ndescriptors:\n  - {key: k, shadow_mode: ${source}, rate_limit: {unit: day}}\n`;
  expect(faultsIn(text)).toEqual([]);
  expect(onlyRule(text).shadowMode).toBe(expected);
});

test.each([
  ["yes", true],
  ["y", true],
  ["ON", true],
  ["no", false],
  ["N", false],
  ["Off", false],
])("a flag can be %s as in YAML 1.1, with a warning", (source, expected) => {
  const text = `domain: d\ndescriptors:\n  - {key: k, quota_mode: ${source}, rate_limit: {unit: day}}\n`;
  expect(faultsIn(text)).toEqual([`r.yaml:3:26: warning: ${source} is a flag in YAML 1.1 only; write ${expected}`]);
  expect(onlyRule(text).quotaMode).toBe(expected);
});

test("a number with underscores is what YAML 1.1 makes of it, with a warning", () => {
  const text = "domain: d\ndescriptors:\n  - {key: k, rate_limit: {unit: day, requests_per_unit: 1_000}}\n";
  expect(faultsIn(text)).toEqual(["r.yaml:3:57: warning: 1_000 is a number in YAML 1.1 only; write 1000"]);
  expect(onlyRule(text).limits[0]).toMatchObject({ requestsPerUnit: 1000 });
});

test("metadata is typed as JSON, with any keys", () => {
  const { metadata } = onlyRule(
    "domain: d\ndescriptors:\n  - key: k\n    metadata: {n: 1, f: 1.5, t: true, s: '1', z: ~, l: [1, {a: b}], on: on, __proto__: {x: 1}, constructor: c}\n",
  );
  expect(JSON.stringify(metadata)).toBe(
    '{"n":1,"f":1.5,"t":true,"s":"1","z":null,"l":[1,{"a":"b"}],"on":"on","__proto__":{"x":1},"constructor":"c"}',
  );
  expect(({} as Record<string, unknown>).x).toBeUndefined();
});

test("numbers that JSON has not are refused in metadata", () => {
  expect(faultsIn("domain: d\ndescriptors:\n  - {key: k, metadata: {a: .inf, b: [.NaN]}}\n")).toEqual([
    "r.yaml:3:28: .inf is no number that JSON knows",
    "r.yaml:3:38: .NaN is no number that JSON knows",
  ]);
});
