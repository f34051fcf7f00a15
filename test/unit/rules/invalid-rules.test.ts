import { expect, test } from "vitest";
import { compileRules } from "../../../src/rules/load-rules.js";
import { faultsIn, linesOf } from "./compiled.js";

const UNITS = "second, minute, hour, day, week, month or year";
const DESCRIPTOR_KEYS =
  "key, value, cidr, regex, rate_limit, rate_limits, token_bucket, shadow_mode, quota_mode, detailed_metric, value_to_metric, share_threshold, deny_response, metadata, descriptors";

type Case = readonly [line: string, ...faults: string[]];

const FILES: readonly Case[] = [
  ["descriptors: []", "1:1: domain is required"],
  ["domain:", "1:1: domain is required"],
  ['domain: ""', "1:9: domain must not be empty"],
  ["domain: [a]", "1:9: domain must be text, not a list"],
  ["domain: {a: b}", "1:9: domain must be text, not a map"],
  ["- a", "1:1: a rules file must be a map, not a list"],
  ["just text", "1:1: a rules file must be a map, not just text"],
  ["~", "1:1: a rules file must be a map, not nothing"],
  ["{domain: d, descriptors: 5}", "1:26: descriptors must be a list of maps with a key, not 5"],
  ["{domain: d, descriptors: {key: a}}", "1:26: descriptors must be a list of maps with a key, not a map"],
  [
    "{domain: d, descriptors: [a, ~]}",
    "1:27: each item of descriptors must be a map, not a",
    "1:30: each item of descriptors must be a map, not nothing",
  ],
  ["{domain: d, domains: e}", '1:13: unknown key "domains"; did you mean "domain"?'],
  ["{domain: d, foo: e}", '1:13: unknown key "foo"; a rules file takes domain, algorithm, descriptors'],
  [
    "{domain: d, requests_per_units: 1}",
    '1:13: unknown key "requests_per_units"; did you mean "requests_per_unit", which belongs inside rate_limit?',
  ],
  ["{domain: d, burst: 1}", "1:13: burst is not allowed in a rules file; it belongs inside rate_limit"],
  [
    "{domain: d, __proto__: {a: b}}",
    '1:13: unknown key "__proto__"; a rules file takes domain, algorithm, descriptors',
  ],
  ["{domain: d, toString: 1}", '1:13: unknown key "toString"; a rules file takes domain, algorithm, descriptors'],
];

test.each(FILES)("a file `%s` is told what is wrong", (text, ...faults) => {
  expect(faultsIn(text)).toEqual(faults.map((fault) => `r.yaml:${fault}`));
});

const DESCRIPTORS: readonly Case[] = [
  ["{value: v}", "3:5: key is required"],
  ["{key: ~}", "3:6: key is required"],
  ["{key: ''}", "3:11: key must not be empty"],
  ["{key: [a]}", "3:11: key must be text, not a list"],
  ["{key: k, value: {a: b}}", "3:21: value must be text, not a map"],
  ["{key: k, shadow_mode: 1}", "3:27: shadow_mode must be true or false, not 1"],
  ['{key: k, shadow_mode: "true"}', '3:27: shadow_mode must be true or false, not the text "true"'],
  ['{key: k, detailed_metric: "yes"}', '3:31: detailed_metric must be true or false, not the text "yes"'],
  ["{key: k, value_to_metric: maybe}", "3:31: value_to_metric must be true or false, not maybe"],
  ["{key: k, quota_mode: [true]}", "3:26: quota_mode must be true or false, not a list"],
  ["{key: k, metadata: 5}", "3:24: metadata must be a map"],
  ["{key: k, metadata: [5]}", "3:24: metadata must be a map"],
  ["{key: k, rate_limit: 5}", "3:26: rate_limit must be a map, not 5"],
  ["{key: k, rate_limit: [{unit: day}]}", "3:26: rate_limit must be a map, not a list"],
  [
    "{key: k, share_threshold: true}",
    "3:31: share_threshold needs a value with a * in it, a cidr or a regex, whose matches then share one bucket",
  ],
  [
    "{key: k*, value: v, share_threshold: true}",
    "3:42: share_threshold needs a value with a * in it, a cidr or a regex, whose matches then share one bucket",
  ],
  ["{key: k, valeu: v}", '3:14: unknown key "valeu"; did you mean "value"?'],
  ["{key: k, limits: v}", `3:14: unknown key "limits"; a descriptor takes ${DESCRIPTOR_KEYS}`],
  ["{key: k, max_debt: 5}", "3:14: max_debt is not allowed in a descriptor; it belongs inside rate_limit"],
  [
    "{key: k, unit: day}",
    "3:14: warning: unit has no effect in a descriptor and is ignored; it belongs inside rate_limit",
  ],
  [
    "{key: k, name: n}",
    "3:14: warning: name has no effect in a descriptor and is ignored; it belongs inside rate_limit",
  ],
  [
    "{key: k, domain: n}",
    "3:14: warning: domain has no effect in a descriptor and is ignored; it belongs at the top of a file",
  ],
  ["{key: k, descriptors: [{key: l, descriptors: [{value: x}]}]}", "3:51: key is required"],
];

test.each(DESCRIPTORS)("a descriptor `%s` is told what is wrong", (descriptor, ...faults) => {
  expect(faultsIn(`domain: d\ndescriptors:\n  - ${descriptor}\n`)).toEqual(faults.map((fault) => `r.yaml:${fault}`));
});

const LIMITS: readonly Case[] = [
  ["{}", `4:5: unit is required: ${UNITS} (or unlimited: true)`],
  ["{unit: ~}", `4:18: unit is required: ${UNITS} (or unlimited: true)`],
  ["{unlimited: false}", `4:5: unit is required: ${UNITS} (or unlimited: true)`],
  ["{unit: fortnight}", `4:24: unit must be ${UNITS}, not "fortnight"`],
  ["{unit: Minutes}", `4:24: unit must be ${UNITS}, not "Minutes"; did you mean "minute"?`],
  ["{unit: unknown}", `4:24: unit must be ${UNITS}, not "unknown"`],
  ["{unit: [day]}", "4:24: unit must be text, not a list"],
  ["{unit: day, unlimited: true}", "4:24: an unlimited limit has no unit; remove unit, or remove unlimited"],
  [
    "{unlimited: true, requests_per_unit: 5, unit_multiplier: 2, burst: 1, max_debt: 1}",
    "4:35: warning: requests_per_unit has no effect: the limit is unlimited",
    "4:57: warning: unit_multiplier has no effect: the limit is unlimited",
    "4:77: warning: burst has no effect: the limit is unlimited",
    "4:87: warning: max_debt has no effect: the limit is unlimited",
  ],
  [
    "{unit: day, requests_per_unit: -1}",
    "4:48: requests_per_unit must be a whole decimal number from 0 to 4294967295, not -1",
  ],
  [
    "{unit: day, requests_per_unit: 4294967296}",
    "4:48: requests_per_unit must be a whole decimal number from 0 to 4294967295, not 4294967296",
  ],
  [
    "{unit: day, requests_per_unit: 99999999999999999999999999}",
    "4:48: requests_per_unit must be a whole decimal number from 0 to 4294967295, not 99999999999999999999999999",
  ],
  [
    "{unit: day, requests_per_unit: 1.5}",
    "4:48: requests_per_unit must be a whole decimal number from 0 to 4294967295, not 1.5",
  ],
  [
    "{unit: day, requests_per_unit: 010}",
    "4:48: requests_per_unit must be a whole decimal number from 0 to 4294967295, not 010",
  ],
  [
    "{unit: day, requests_per_unit: 0x10}",
    "4:48: requests_per_unit must be a whole decimal number from 0 to 4294967295, not 0x10",
  ],
  [
    "{unit: day, requests_per_unit: 1e3}",
    "4:48: requests_per_unit must be a whole decimal number from 0 to 4294967295, not 1e3",
  ],
  [
    "{unit: day, requests_per_unit: many}",
    "4:48: requests_per_unit must be a whole decimal number from 0 to 4294967295, not many",
  ],
  [
    '{unit: day, requests_per_unit: "60"}',
    '4:48: requests_per_unit must be a whole decimal number from 0 to 4294967295, not the text "60"',
  ],
  [
    "{unit: day, requests_per_unit: 5, burst: 0}",
    "4:51: warning: burst 0 refuses every request, whatever the rate; to ban, write requests_per_unit: 0",
  ],
  [
    "{unit: day, requests_per_unit: 5, burst: 1000000000000001}",
    "4:58: burst must be a whole decimal number from 0 to 1000000000000000, not 1000000000000001",
  ],
  [
    "{unit: day, requests_per_unit: 0, burst: 5}",
    "4:58: burst has no meaning here: requests_per_unit is 0 or missing, which refuses every request",
  ],
  [
    "{unit: day, burst: 5}",
    "4:36: burst has no meaning here: requests_per_unit is 0 or missing, which refuses every request",
  ],
  ["{unit: day, max_debt: -1}", "4:39: max_debt must be a whole decimal number from 0 to 1000000000000000, not -1"],
  [
    "{unit: day, unit_multiplier: 0}",
    "4:46: unit_multiplier must be a whole decimal number from 1 to 4294967295, not 0",
  ],
  ["{unit: year, unit_multiplier: 36}", "4:47: unit_multiplier makes a period of 36 years; it can be at most 35 years"],
  [
    "{unit: SECOND, unit_multiplier: 1125899907}",
    "4:49: unit_multiplier makes a period of 1125899907 seconds; it can be at most 1125899906 seconds",
  ],
  ["{unit: day, replaces: {name: a}}", "4:39: replaces must be a list of maps with a name, not a map"],
  ["{unit: day, replaces: [a]}", "4:40: each item of replaces must be a map, not a"],
  ["{unit: day, replaces: [{}]}", "4:40: name is required"],
  ["{unit: day, replaces: [{name: ''}]}", "4:47: name must not be empty"],
  [
    "{unit: day, name: a, replaces: [{name: b}, {name: a}]}",
    "4:48: replaces names the limit's own name; a limit cannot replace itself",
    '4:56: warning: replaces names "b", but no limit of this domain has that name; did you mean "a"?',
  ],
  [
    "{unit: day, replaces: [{name: a, unit: day}]}",
    '4:47: warning: replaces names "a", but no limit of this domain has that name',
    "4:50: warning: unit has no effect in replaces and is ignored; it belongs inside rate_limit",
  ],
  ["{unit: day, request_per_unit: 5}", '4:29: unknown key "request_per_unit"; did you mean "requests_per_unit"?'],
  [
    "{unit: day, shadow_mode: true}",
    "4:29: warning: shadow_mode has no effect in rate_limit and is ignored; it belongs in a descriptor",
  ],
  [
    "{unit: day, descriptors: []}",
    "4:29: warning: descriptors has no effect in rate_limit and is ignored; it belongs at the top of a file or in a descriptor",
  ],
];

test.each(LIMITS)("a limit `%s` is told what is wrong", (limit, ...faults) => {
  const text = `domain: d\ndescriptors:\n  - key: k\n    rate_limit: ${limit}\n`;
  expect(faultsIn(text)).toEqual(faults.map((fault) => `r.yaml:${fault}`));
});

test("warnings let the rules load, errors do not", () => {
  const load = (text: string) => compileRules([{ path: "r.yaml", text }]).rules;
  expect(load("{domain: d, unit: day}")).toBeDefined();
  expect(load("{domain: d, uint: day}")).toBeUndefined();
});

test("all faults of all files are told at once, in order", () => {
  const { rules, faults } = compileRules([
    { path: "b.yaml", text: "domain: d\ndescriptors:\n  - key: a\n    rate_limit: {unit: dya}\n  - kye: b\n" },
    { path: "a.yaml", text: "domain: 'd\n" },
    { path: "c.yaml", text: "domain: d\ndescriptors:\n  - key: a\n    shadow_mode: on\n  - key: c\n    vale: 1\n" },
    { path: "d.yaml", text: "domain: d\ndescriptors: [{key: good}]\n" },
  ]);
  expect(rules).toBeUndefined();
  expect(linesOf(faults)).toEqual([
    "a.yaml:2:1: not valid YAML: missing closing 'quote",
    `b.yaml:4:24: unit must be ${UNITS}, not "dya"; did you mean "day"?`,
    "b.yaml:5:5: key is required",
    'b.yaml:5:5: unknown key "kye"; did you mean "key"?',
    'c.yaml:3:5: a descriptor with key "a" without a value is here already: b.yaml:3:5',
    "c.yaml:4:5: warning: shadow_mode has no effect: the descriptor has no limit",
    "c.yaml:4:18: warning: on is a flag in YAML 1.1 only; write true",
    'c.yaml:6:5: unknown key "vale"; did you mean "value"?',
  ]);
});

test("what is wrong in an anchor is told once, at the anchor", () => {
  const text =
    "domain: d\ndescriptors:\n  - {key: a, rate_limit: &r {unit: dya}}\n  - {key: b, rate_limit: *r}\n  - {key: c, rate_limit: *r}\n";
  // The value of the key is where the fault is; the key of an alias is elsewhere, its content is not.
  expect(faultsIn(text)).toEqual([`r.yaml:3:36: unit must be ${UNITS}, not "dya"; did you mean "day"?`]);
});

test("long and odd text is quoted shortly and on one line", () => {
  const [fault] = faultsIn(`domain: d\n"${"x".repeat(200)}": 1\n`);
  expect(fault).toBe(`r.yaml:2:1: unknown key "${"x".repeat(60)}…"; a rules file takes domain, algorithm, descriptors`);
  expect(faultsIn('domain: d\n"a\\nb": 1\n')[0]).toContain('unknown key "a\\nb";');
});
