import fc from "fast-check";
import { expect, test } from "vitest";
import { compileRules } from "../../../src/rules/load-rules.js";
import { coversPattern } from "../../../src/rules/wildcard-cover.js";
import { faultsIn, linesOf } from "./compiled.js";

const NEVER = "warning: this descriptor is never met: the";
const FIRST = "is tried first and meets all that it would";

type Case = readonly [descriptors: readonly string[], faults: readonly string[]];

const ORDERS: readonly Case[] = [
  [["{key: k, value: 'a*'}", "{key: k, value: 'ab*'}"], [`4:5: ${NEVER} value "a*" at r.yaml:3:5 ${FIRST}`]],
  [["{key: k, value: 'ab*'}", "{key: k, value: 'a*'}"], []],
  [["{key: k, value: 'a*'}", "{key: k, value: 'a**'}"], [`4:5: ${NEVER} value "a*" at r.yaml:3:5 ${FIRST}`]],
  [["{key: k, value: 'a*'}", "{key: l, value: 'ab*'}"], []],
  [["{key: k, value: 'a*'}", "{key: k, value: ab}"], []],
  [["{key: k}", "{key: k, value: '*'}"], [`3:5: ${NEVER} value "*" at r.yaml:4:5 ${FIRST}`]],
  [["{key: k, cidr: 10.0.0.0/8}", "{key: k, value: '*'}"], [`3:5: ${NEVER} value "*" at r.yaml:4:5 ${FIRST}`]],
  [["{key: k, regex: x}", "{key: k, value: '**'}"], [`3:5: ${NEVER} value "**" at r.yaml:4:5 ${FIRST}`]],
  [["{key: k, regex: x}", "{key: k, value: 'x*'}"], []],
  [["{key: 'k*'}", "{key: k, value: 'x*'}"], [`4:5: ${NEVER} key "k*" at r.yaml:3:5 ${FIRST}`]],
  [["{key: k, value: 'x*'}", "{key: 'k*'}"], []],
  [["{key: k}", "{key: 'k*'}"], [`3:5: ${NEVER} key "k*" at r.yaml:4:5 ${FIRST}`]],
  [["{key: 'k*'}", "{key: 'kl*'}"], [`4:5: ${NEVER} key "k*" at r.yaml:3:5 ${FIRST}`]],
  [["{key: 'kl*'}", "{key: 'k*'}"], []],
  [["{key: 'k*'}", "{key: k, value: v}"], []],
  [
    ["{key: p, descriptors: [{key: k, value: '*a*'}, {key: k, value: 'x*a'}]}"],
    [`3:52: ${NEVER} value "*a*" at r.yaml:3:28 ${FIRST}`],
  ],
  [
    ["{key: k, value: 'a*'}", "{key: k, value: 'a*'}"],
    ['4:5: a descriptor with key "k" and value "a*" is here already: r.yaml:3:5'],
  ],
];

test.each(ORDERS)("of %j it is told which is never met", (descriptors, faults) => {
  const text = `domain: d\ndescriptors:\n${descriptors.map((each) => `  - ${each}\n`).join("")}`;
  expect(faultsIn(text)).toEqual(faults.map((fault) => `r.yaml:${fault}`));
});

test("a wider wildcard in an earlier file of the domain is found, not one in another domain", () => {
  const file = (path: string, domain: string, value: string) => {
    return { path, text: `domain: ${domain}\ndescriptors: [{key: k, value: '${value}'}]\n` };
  };
  const { faults } = compileRules([file("a", "d", "a*"), file("b", "e", "abc*"), file("c", "d", "ab*")]);
  expect(linesOf(faults)).toEqual([`c:2:15: ${NEVER} value "a*" at a:2:15 ${FIRST}`]);
});

test("what is told to cover a pattern meets all that the pattern meets, and the other way round", () => {
  const pattern = fc.string({ unit: fc.constantFrom("a", "b", "*"), minLength: 1, maxLength: 4 });
  // All texts up to six letters of three kinds: one more than the patterns have, since a wildcard can be any.
  const texts = [""];
  for (let i = 0; texts.length < 1093; i += 1) texts.push(...["a", "b", "c"].map((letter) => `${texts[i]}${letter}`));
  const meeting = (wildcard: string) => {
    const expression = new RegExp(`^${wildcard.replaceAll("*", "[abc]*")}$`);
    return texts.filter((text) => expression.test(text));
  };
  fc.assert(
    fc.property(pattern, pattern, (wider, narrower) => {
      fc.pre(wider.includes("*"));
      const wide = new Set(meeting(wider));
      expect(coversPattern(wider, narrower)).toBe(meeting(narrower).every((text) => wide.has(text)));
    }),
    { numRuns: 1000 },
  );
});

const LIMITED = "rate_limit: {unit: day, requests_per_unit: 5}";

const FLAGS: readonly (readonly [string, ...string[]])[] = [
  [`{key: k, ${LIMITED}, shadow_mode: true, quota_mode: true, deny_response: {}, metadata: {}, detailed_metric: true}`],
  ["{key: k, shadow_mode: true}", "3:14: warning: shadow_mode has no effect: the descriptor has no limit"],
  ["{key: k, quota_mode: true}", "3:14: warning: quota_mode has no effect: the descriptor has no limit"],
  ["{key: k, deny_response: {}}", "3:14: warning: deny_response has no effect: the descriptor has no limit"],
  [
    "{key: k, rate_limit: {unlimited: true}, shadow_mode: true}",
    "3:45: warning: shadow_mode has no effect: the limit is unlimited",
  ],
  [
    "{key: k, rate_limits: [{unlimited: true}], quota_mode: true}",
    "3:48: warning: quota_mode has no effect: the limit is unlimited",
  ],
  ["{key: k, token_bucket: {max_tokens: 1, fill_interval: 1s}, shadow_mode: true}"],
  ["{key: k, shadow_mode: false, detailed_metric: true, metadata: {}}"],
  [
    "{key: k, detailed_metric: true, metadata: {a: b}, descriptors: [{key: l}]}",
    "3:14: warning: detailed_metric has no effect: the descriptor has no limit and no rule ends here",
    "3:37: warning: metadata has no effect: the descriptor has no limit and no rule ends here",
  ],
  [`{key: k, detailed_metric: true, ${LIMITED}, descriptors: [{key: l}]}`],
  ["{key: k, value_to_metric: true, descriptors: [{key: l}]}"],
  [
    "{key: k, value: 'a*', share_threshold: true, value_to_metric: true}",
    "3:50: warning: value_to_metric has no effect: by share_threshold the metrics tell the pattern, not the value",
  ],
  ["{key: k, rate_limit: {unit: day, requests_per_unit: 0}}"],
  [
    "{key: k, rate_limits: [{unit: day, requests_per_unit: 5, burst: 0}]}",
    "3:62: warning: burst 0 refuses every request, whatever the rate; to ban, write requests_per_unit: 0",
  ],
  [
    "{key: k, rate_limit: {unlimited: true, algorithm: fixed_window}}",
    "3:44: warning: algorithm has no effect: the limit is unlimited",
  ],
];

test.each(FLAGS)("of `%s` it is told what has no effect", (descriptor, ...faults) => {
  expect(faultsIn(`domain: d\ndescriptors:\n  - ${descriptor}\n`)).toEqual(faults.map((fault) => `r.yaml:${fault}`));
});

test("a name in replaces may be that of any limit of the domain, in any file and of any form", () => {
  const replacing = (names: string[]) =>
    `domain: d\ndescriptors:\n  - {key: r, rate_limit: {unit: day, replaces: [${names.map((name) => `{name: ${name}}`).join(", ")}]}}\n`;
  const named =
    "domain: d\ndescriptors:\n  - {key: a, rate_limits: [{unit: day, name: one}]}\n  - {key: b, token_bucket: {max_tokens: 1, fill_interval: 1s, name: two}}\n  - {key: c, descriptors: [{key: d, rate_limit: {unlimited: true, name: three}}]}\n";
  const elsewhere = "domain: e\ndescriptors:\n  - {key: a, rate_limit: {unit: day, name: four}}\n";
  const { faults } = compileRules([
    { path: "r.yaml", text: replacing(["one", "two", "three", "four"]) },
    { path: "named.yaml", text: named },
    { path: "elsewhere.yaml", text: elsewhere },
  ]);
  expect(linesOf(faults)).toEqual([
    'r.yaml:3:97: warning: replaces names "four", but no limit of this domain has that name',
  ]);
});
