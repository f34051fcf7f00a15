import { expect, test } from "vitest";
import { compileRules } from "../../../src/rules/load-rules.js";
import { domainFrom, faultsIn, labelMet, linesOf, onlyRule } from "./compiled.js";

const SECOND = 1_000_000;

function limitOf(limit: string): unknown {
  return onlyRule(`domain: d\ndescriptors:\n  - key: k\n    rate_limit: ${limit}\n`).limits[0];
}

test.each([
  ["second", 1],
  ["minute", 60],
  ["hour", 3600],
  ["day", 86_400],
  ["week", 604_800],
  ["month", 2_592_000],
  ["year", 31_536_000],
])("a limit per %s lasts %i seconds, in any case", (unit, seconds) => {
  for (const written of [unit, unit.toUpperCase(), unit.charAt(0).toUpperCase() + unit.slice(1)]) {
    expect(limitOf(`{unit: ${written}, requests_per_unit: 5}`)).toEqual({
      unlimited: false,
      name: "",
      replaces: [],
      requestsPerUnit: 5,
      unit,
      unitMultiplier: 1,
      bucket: { algorithm: "token_bucket", tokensPerPeriod: 5, periodMicros: seconds * SECOND, burst: 5, maxDebt: 5 },
    });
  }
});

test("burst, unit_multiplier and max_debt are taken", () => {
  const written =
    "{unit: hour, requests_per_unit: 5, unit_multiplier: 6, burst: 20, max_debt: 0, name: n, replaces: [{name: a}, {name: b}]}";
  expect(limitOf(written)).toEqual({
    unlimited: false,
    name: "n",
    replaces: ["a", "b"],
    requestsPerUnit: 5,
    unit: "hour",
    unitMultiplier: 6,
    bucket: { algorithm: "token_bucket", tokensPerPeriod: 5, periodMicros: 6 * 3600 * SECOND, burst: 20, maxDebt: 0 },
  });
});

test("max_debt is the burst where the file does not say", () => {
  expect(limitOf("{unit: day, requests_per_unit: 5, burst: 20}")).toMatchObject({ bucket: { burst: 20, maxDebt: 20 } });
});

test("requests_per_unit 0 bans, and so does a missing one", () => {
  const ban = { requestsPerUnit: 0, bucket: { tokensPerPeriod: 0, burst: 0, maxDebt: 0 } };
  expect(limitOf("{unit: day, requests_per_unit: 0}")).toMatchObject(ban);
  expect(limitOf("{unit: day}")).toMatchObject(ban);
});

test("the largest numbers that are allowed are taken as they are", () => {
  const written =
    "{unit: year, unit_multiplier: 35, requests_per_unit: 4294967295, burst: 1000000000000000, max_debt: 1000000000000000}";
  expect(limitOf(written)).toMatchObject({
    bucket: {
      tokensPerPeriod: 4_294_967_295,
      periodMicros: 35 * 31_536_000 * SECOND,
      burst: 1e15,
      maxDebt: 1e15,
    },
  });
  expect(
    faultsIn("domain: d\ndescriptors: [{key: k, rate_limit: {unit: second, unit_multiplier: 1125899906}}]\n"),
  ).toEqual([]);
});

test("an unlimited limit has a name and what it replaces, and nothing else", () => {
  expect(limitOf("{unlimited: true, name: n, replaces: [{name: a}]}")).toEqual({
    unlimited: true,
    name: "n",
    replaces: ["a"],
  });
});

test("a rule has its path, flags, metadata and position", () => {
  const rule = onlyRule(
    [
      "domain: d",
      "descriptors:",
      "  - key: tenant",
      '    value: "a*"',
      "    share_threshold: true",
      "    value_to_metric: true",
      "    descriptors:",
      "      - key: path",
      "        rate_limit: {unit: day}",
      "        shadow_mode: true",
      "        quota_mode: true",
      "        detailed_metric: true",
      "        metadata: {tier: gold}",
    ].join("\n"),
  );
  expect(rule).toMatchObject({
    domain: "d",
    label: "tenant=a* > path",
    shadowMode: true,
    quotaMode: true,
    detailedMetric: true,
    metadata: { tier: "gold" },
    position: { file: "r.yaml", line: 8, column: 9 },
  });
  expect(rule.path).toEqual([
    { key: "tenant", value: "a*", shareThreshold: true, sharedPattern: "wildcard:a*", valueToMetric: true },
    { key: "path", shareThreshold: false, valueToMetric: false },
  ]);
});

test("share_threshold is allowed on keys and values with a wildcard", () => {
  for (const step of [
    "key: k, value: a*",
    "key: k, value: '*a'",
    "key: k, value: a*b",
    "key: k*",
    "key: k*, value: ''",
  ]) {
    expect(faultsIn(`domain: d\ndescriptors:\n  - {${step}, share_threshold: true}\n`)).toEqual([]);
  }
});

test("a leaf without a limit is a rule without limits, a parent without one is none, a parent with one is both", () => {
  const rules = domainFrom(
    "d",
    [
      "domain: d",
      "descriptors:",
      "  - key: leaf",
      "  - key: empty",
      "    descriptors: []",
      "  - key: parent",
      "    descriptors: [{key: child}]",
      "  - key: both",
      "    rate_limit: {unit: day}",
      "    descriptors: [{key: child, rate_limit: {unit: day}}]",
    ].join("\n"),
  );
  expect(rules.rules.map((rule) => [rule.label, rule.limits.length])).toEqual([
    ["leaf", 0],
    ["empty", 0],
    ["parent > child", 0],
    ["both", 1],
    ["both > child", 1],
  ]);
  expect(labelMet(rules, "parent=x")).toBeUndefined();
  expect(labelMet(rules, "parent=x", "child=y")).toBe("parent > child");
  expect(labelMet(rules, "both=x")).toBe("both");
});

test("a domain without descriptors is known and has no rules", () => {
  for (const text of ["domain: d\n", "domain: d\ndescriptors: []\n"]) {
    const rules = domainFrom("d", text);
    expect(rules.rules).toEqual([]);
    expect(labelMet(rules, "k=v")).toBeUndefined();
  }
});

test("labels of different paths differ, whatever is in keys and values", () => {
  const descriptors = [
    "{key: 'a=b'}",
    "{key: a, value: b}",
    "{key: 'a\\'}",
    "{key: 'a\\', value: b}",
    "{key: 'a\\=b'}",
    "{key: 'a > b'}",
    "{key: a, descriptors: [{key: b}]}",
    "{key: a, value: 'x > b'}",
    "{key: a, value: x, descriptors: [{key: b}]}",
    "{key: a, value: 'x\\ > b'}",
    '{key: "a\\n"}',
    "{key: 'a\\u000a'}",
    "{key: a, cidr: 10.0.0.0/8}",
    "{key: a, regex: 'cidr:10[.]0 > b'}",
    "{key: 'a~cidr:10.0.0.0/8'}",
    "{key: a, value: '~cidr:10.0.0.0/8'}",
  ];
  const labels = domainFrom("d", `domain: d\ndescriptors:\n${descriptors.map((d) => `  - ${d}\n`).join("")}`).rules.map(
    (rule) => rule.label,
  );
  expect(new Set(labels).size).toBe(descriptors.length);
  expect(labels).toEqual([
    "a\\=b",
    "a=b",
    "a\\\\",
    "a\\\\=b",
    "a\\\\\\=b",
    "a \\> b",
    "a > b",
    "a=x \\> b",
    "a=x > b",
    "a=x\\\\ \\> b",
    "a\\u000a",
    "a\\\\u000a",
    "a~cidr:10.0.0.0/8",
    "a~regex:cidr:10[.]0 \\> b",
    "a\\~cidr:10.0.0.0/8",
    "a=~cidr:10.0.0.0/8",
  ]);
});

test("one domain in several files is merged in the order of the files", () => {
  const rules = domainFrom(
    "d",
    "domain: d\ndescriptors: [{key: k, value: 'ab*'}, {key: x}]\n",
    "domain: e\ndescriptors: [{key: k, value: 'a*'}, {key: x}]\n",
    "domain: d\ndescriptors: [{key: k, value: 'a*'}, {key: k, value: a}]\n",
  );
  expect(rules.rules.map((rule) => `${rule.position.file} ${rule.label}`)).toEqual([
    "0.yaml k=ab*",
    "0.yaml x",
    "2.yaml k=a*",
    "2.yaml k=a",
  ]);
  expect(labelMet(rules, "k=abc")).toBe("k=ab*");
  expect(labelMet(rules, "k=ac")).toBe("k=a*");
  expect(labelMet(rules, "k=a")).toBe("k=a");
});

test("the same descriptor twice is an error that names both places", () => {
  expect(
    faultsIn(
      "domain: d\ndescriptors:\n  - key: k\n  - key: k\n    value: ''\n  - {key: k, value: v}\n  - {key: k, value: v}\n",
    ),
  ).toEqual([
    'r.yaml:4:5: a descriptor with key "k" without a value is here already: r.yaml:3:5',
    'r.yaml:7:5: a descriptor with key "k" and value "v" is here already: r.yaml:6:5',
  ]);
});

test("parents in two files that differ in their children are the same descriptor twice", () => {
  const { rules, faults } = compileRules([
    { path: "a.yaml", text: "domain: d\ndescriptors:\n  - key: p\n    descriptors: [{key: a}]\n" },
    { path: "b.yaml", text: "domain: d\ndescriptors:\n  - key: p\n    descriptors: [{key: b}, {key: b}]\n" },
  ]);
  expect(rules).toBeUndefined();
  expect(linesOf(faults)).toEqual([
    'b.yaml:3:5: a descriptor with key "p" without a value is here already: a.yaml:3:5',
  ]);
});

test("the same descriptor in two domains, or under two parents, is no duplicate", () => {
  const { faults } = compileRules([
    {
      path: "a.yaml",
      text: "domain: d\ndescriptors:\n  - {key: p, descriptors: [{key: a}]}\n  - {key: q, descriptors: [{key: a}]}\n",
    },
    { path: "b.yaml", text: "domain: e\ndescriptors:\n  - {key: p, descriptors: [{key: a}]}\n" },
  ]);
  expect(faults).toEqual([]);
});

test("keys and values that a join would mix up are different descriptors", () => {
  const rules = domainFrom("d", "domain: d\ndescriptors: [{key: a_b, value: c}, {key: a, value: b_c}, {key: a_b_c}]\n");
  expect(labelMet(rules, "a_b=c")).toBe("a_b=c");
  expect(labelMet(rules, "a=b_c")).toBe("a=b_c");
  expect(labelMet(rules, "a_b_c=")).toBe("a_b_c");
  expect(labelMet(rules, "a=b")).toBeUndefined();
});

test("names of JavaScript's own are just names", () => {
  for (const odd of ["__proto__", "constructor", "toString", "hasOwnProperty"]) {
    const rules = domainFrom(
      odd,
      `domain: ${odd}\ndescriptors: [{key: ${odd}, value: ${odd}, descriptors: [{key: ${odd}}]}]\n`,
    );
    expect(labelMet(rules, `${odd}=${odd}`, `${odd}=x`)).toBe(`${odd}=${odd} > ${odd}`);
    const others = domainFrom("d", "domain: d\ndescriptors: [{key: k, value: v}]\n");
    expect(labelMet(others, `${odd}=${odd}`)).toBeUndefined();
    expect(labelMet(others, `k=${odd}`)).toBeUndefined();
    expect(compileRules([{ path: "r", text: "domain: d" }]).rules?.domains.get(odd)).toBeUndefined();
  }
});
