import { expect, test } from "vitest";
import { compileRules } from "../../../src/rules/load-rules.js";
import { faultsIn, linesOf } from "./compiled.js";

type Case = readonly [line: string, ...faults: string[]];

const DESCRIPTORS: readonly Case[] = [
  [
    "{key: k, value: v, cidr: 10.0.0.0/8, regex: x}",
    "3:30: cidr excludes value; a descriptor has one of value, cidr, regex, or none",
    "3:49: regex excludes value; a descriptor has one of value, cidr, regex, or none",
  ],
  ["{key: k, value: '', cidr: 10.0.0.0/8}"],
  ["{key: k, value: ~, regex: x}"],
  [
    "{key: k, rate_limit: {unit: day}, rate_limits: [{unit: day}]}",
    "3:52: rate_limits excludes rate_limit; a descriptor has one of rate_limit, rate_limits, token_bucket, or none",
  ],
  [
    "{key: k, token_bucket: {max_tokens: 1, fill_interval: 1s}, rate_limits: [{unit: day}]}",
    "3:28: token_bucket excludes rate_limits; a descriptor has one of rate_limit, rate_limits, token_bucket, or none",
  ],
  ["{key: k, rate_limits: []}", "3:27: rate_limits must have at least one limit"],
  ["{key: k, rate_limits: {unit: day}}", "3:27: rate_limits must be a list of limits, not a map"],
  ["{key: k, rate_limits: [5]}", "3:28: each item of rate_limits must be a map, not 5"],
  [
    "{key: k, rate_limits: [{unit: day}, {unlimited: true}]}",
    "3:42: unlimited among several limits would leave the others without effect; remove it, or the others",
  ],
  [
    "{key: k, rate_limits: [{unit: minute}, {unit: second, unit_multiplier: 60}]}",
    "3:44: this limit would count in the same bucket as the one at r.yaml:3:28: both are a token_bucket of 60 s without a name; give each a name of its own",
  ],
  [
    "{key: k, rate_limits: [{unit: day, name: a}, {unit: day, name: a}, {unit: day, name: b}]}",
    '3:50: this limit would count in the same bucket as the one at r.yaml:3:28: both are a token_bucket of 86400 s with the name "a"; give each a name of its own',
  ],
  ["{key: k, rate_limits: [{unit: day}, {unit: day, algorithm: fixed_window}, {unit: day, name: a}, {unit: week}]}"],
  ["{key: k, cidr: 10.0.0.0/8, share_threshold: true}"],
  ["{key: k, regex: x, share_threshold: true}"],
  ["{key: k, cidr: [a]}", "3:20: cidr must be text, not a list"],
  ["{key: k, regex: {a: b}}", "3:21: regex must be text, not a map"],
  ["{key: k, fill_interval: 1s}", "3:14: fill_interval is not allowed in a descriptor; it belongs inside token_bucket"],
  ["{key: k, headers: {}}", "3:14: headers is not allowed in a descriptor; it belongs inside deny_response"],
  ["{key: k, regexp: x}", '3:14: unknown key "regexp"; did you mean "regex"?'],
];

test.each(DESCRIPTORS)("a descriptor `%s` is told what is wrong", (descriptor, ...faults) => {
  expect(faultsIn(`domain: d\ndescriptors:\n  - ${descriptor}\n`)).toEqual(faults.map((fault) => `r.yaml:${fault}`));
});

const BUCKETS: readonly Case[] = [
  ["{}", "4:5: fill_interval is required", "4:5: max_tokens is required"],
  [
    "{max_tokens: 0, fill_interval: 1s}",
    "4:32: max_tokens must be a whole decimal number from 1 to 1000000000000000, not 0",
  ],
  [
    "{max_tokens: 5, tokens_per_fill: 0, fill_interval: 1s}",
    "4:52: tokens_per_fill must be a whole decimal number from 1 to 4294967295, not 0",
  ],
  [
    "{max_tokens: 5, fill_interval: 1}",
    '4:50: fill_interval must be a duration in whole microseconds such as 100ms, 1.5s, 5m or 24h, at most 13031d, not "1"',
  ],
  [
    "{max_tokens: 5, fill_interval: 1s, unit: day}",
    "4:54: unit is not allowed in token_bucket; it belongs inside rate_limit",
  ],
  [
    "{max_tokens: 5, fill_interval: 1s, burst: 1}",
    "4:54: burst is not allowed in token_bucket; it belongs inside rate_limit",
  ],
  [
    "{max_tokens: 5, fill_interval: 1s, name: a, replaces: [{name: a}]}",
    "4:73: replaces names the limit's own name; a limit cannot replace itself",
  ],
];

test.each(BUCKETS)("a token_bucket `%s` is told what is wrong", (bucket, ...faults) => {
  const text = `domain: d\ndescriptors:\n  - key: k\n    token_bucket: ${bucket}\n`;
  expect(faultsIn(text)).toEqual(faults.map((fault) => `r.yaml:${fault}`));
});

const FILES: readonly Case[] = [
  [
    "domain: d\nalgorithm: tokenbucket\n",
    '2:12: algorithm must be token_bucket, fixed_window or sliding_window, not "tokenbucket"; did you mean "token_bucket"?',
  ],
  [
    "domain: d\nalgorithm: fixed_window\ndescriptors:\n  - {key: k, rate_limit: {unit: day, requests_per_unit: 5, burst: 6}}\n",
    "4:60: burst is for token_bucket, but this limit is a fixed_window by the file's algorithm; remove burst, or write algorithm: token_bucket",
  ],
  [
    "domain: d\ndescriptors:\n  - {key: k, rate_limits: [{unit: day, requests_per_unit: 5, burst: 6, algorithm: sliding_window}]}\n",
    "3:62: burst is for token_bucket, but this limit is a sliding_window by its algorithm; remove burst, or write algorithm: token_bucket",
  ],
  [
    "domain: d\nalgorithm: fixed_window\ndescriptors:\n  - {key: k, rate_limit: {unit: day, requests_per_unit: 5, burst: 6, algorithm: token_bucket}}\n",
  ],
];

test.each(FILES)("a file `%s` is told what is wrong", (text, ...faults) => {
  expect(faultsIn(text)).toEqual(faults.map((fault) => `r.yaml:${fault}`));
});

test("a burst is told that the server's default is a window", () => {
  const text = "domain: d\ndescriptors:\n  - {key: k, rate_limit: {unit: day, requests_per_unit: 5, burst: 6}}\n";
  expect(linesOf(compileRules([{ path: "r.yaml", text }], { defaultAlgorithm: "sliding_window" }).faults)).toEqual([
    "r.yaml:3:60: burst is for token_bucket, but this limit is a sliding_window by the server's default; remove burst, or write algorithm: token_bucket",
  ]);
});

test("limits that would share a bucket only by the default are found", () => {
  const text =
    "domain: d\ndescriptors:\n  - {key: k, rate_limits: [{unit: day}, {unit: day, algorithm: fixed_window}]}\n";
  const codes = (options = {}) => compileRules([{ path: "r.yaml", text }], options).faults.map(({ code }) => code);
  expect(codes()).toEqual([]);
  expect(codes({ defaultAlgorithm: "fixed_window" })).toEqual(["shared-bucket"]);
});

const RESPONSES: readonly Case[] = [
  ["{}"],
  ["{body: '', headers: {}}"],
  ["{body: [a]}", "5:27: body must be text, not a list"],
  ["{headers: [a]}", "5:30: headers must be a map of header names and values, not a list"],
  ["{headers: {a: [b]}}", "5:34: a must be text, not a list"],
  ["{headers: {a: ~}}", "5:31: a is required"],
  ["{headers: {'a b': c}}", '5:38: "a b" is no name of a header'],
  ["{headers: {':status': 200}}", '5:42: ":status" is no name of a header'],
  ["{headers: {'': x}}", '5:35: "" is no name of a header'],
  ["{headers: {Content-Length: 5}}", "5:47: the header content-length is the proxy's own and cannot be set"],
  ["{headers: {transfer-encoding: x}}", "5:50: the header transfer-encoding is the proxy's own and cannot be set"],
  ["{headers: {a: 1, A: 2}}", "5:40: the header a is here already, in other letters"],
  ['{headers: {a: "x\\r\\nb: y"}}', "5:34: the header a has a control character in its value"],
  ["{headers: {a: 'x '}}", "5:34: the header a has a space at an end of its value"],
  ["{headers: {__proto__: x}}", "5:31: __proto__ cannot be a key here"],
  ["{bdy: x}", '5:21: unknown key "bdy"; did you mean "body"?'],
  ["{metadata: {}}", "5:21: metadata is not allowed in deny_response; it belongs in a descriptor"],
];

test.each(RESPONSES)("a deny_response `%s` is told what is wrong", (response, ...faults) => {
  const text = `domain: d\ndescriptors:\n  - key: k\n    rate_limit: {unit: day}\n    deny_response: ${response}\n`;
  expect(faultsIn(text)).toEqual(faults.map((fault) => `r.yaml:${fault}`));
});

test("a deny_response is bounded in bytes of its body, and in number and bytes of its headers", () => {
  const faultsOf = (response: unknown) =>
    faultsIn(
      JSON.stringify({
        domain: "d",
        descriptors: [{ key: "k", rate_limit: { unit: "day" }, deny_response: response }],
      }),
    ).map((fault) => fault.replace(/^r\.yaml:1:\d+: /, ""));
  const headers = (count: number, value: string) =>
    Object.fromEntries(Array.from({ length: count }, (_, i) => [`h${i}`, value]));
  expect(faultsOf({ body: "é".repeat(32_768) })).toEqual([]);
  expect(faultsOf({ body: "é".repeat(32_769) })).toEqual(["body has 65538 bytes; it can have at most 65536"]);
  expect(faultsOf({ headers: headers(32, "x") })).toEqual([]);
  expect(faultsOf({ headers: headers(33, "x") })).toEqual(["headers has 33 headers; it can have at most 32"]);
  expect(faultsOf({ headers: { a: "x".repeat(8_191) } })).toEqual([]);
  expect(faultsOf({ headers: { a: "é".repeat(4_096) } })).toEqual(["headers has 8193 bytes; it can have at most 8192"]);
});
