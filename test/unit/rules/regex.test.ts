import { RE2JS } from "re2js";
import { expect, test, vi } from "vitest";
import { MatchMemory } from "../../../src/rules/match-memory.js";
import { findRegexFault, matchRegex } from "../../../src/rules/regex.js";
import { RegexList } from "../../../src/rules/regex-list.js";
import { domainFrom, faultsIn, labelMet } from "./compiled.js";

function faultsOf(regex: string): string[] {
  return faultsIn(JSON.stringify({ domain: "d", descriptors: [{ key: "k", regex }] }));
}

function rulesOf(...regexes: string[]) {
  return domainFrom("d", JSON.stringify({ domain: "d", descriptors: regexes.map((regex) => ({ key: "k", regex })) }));
}

test("a regular expression matches anywhere unless it is anchored", () => {
  const rules = rulesOf("^/api/v[0-9]+/export", "secret", "^exactly$");
  expect(labelMet(rules, "k=/api/v12/export/now")).toBe("k~regex:^/api/v[0-9]+/export");
  expect(labelMet(rules, "k=/x/api/v12/export")).toBeUndefined();
  expect(labelMet(rules, "k=a secret place")).toBe("k~regex:secret");
  expect(labelMet(rules, "k=exactly")).toBe("k~regex:^exactly$");
  expect(labelMet(rules, "k=exactly so")).toBeUndefined();
});

test("the first regular expression in the file that matches is met, however often it is asked", () => {
  const rules = rulesOf("b", "a", "^ab");
  for (let time = 0; time < 3; time += 1) {
    expect(labelMet(rules, "k=ab")).toBe("k~regex:b");
    expect(labelMet(rules, "k=a")).toBe("k~regex:a");
    expect(labelMet(rules, "k=x")).toBeUndefined();
  }
});

test("what is remembered for one key is not taken for another", () => {
  const rules = domainFrom(
    "d",
    "domain: d\ndescriptors:\n  - {key: a, regex: x}\n  - {key: b, regex: y}\n  - {key: c, descriptors: [{key: a, regex: z}]}\n",
  );
  expect(labelMet(rules, "a=xyz")).toBe("a~regex:x");
  expect(labelMet(rules, "b=xyz")).toBe("b~regex:y");
  expect(labelMet(rules, "b=x")).toBeUndefined();
  expect(labelMet(rules, "a=x")).toBe("a~regex:x");
  expect(labelMet(rules, "c=1", "a=x")).toBeUndefined();
  expect(labelMet(rules, "c=1", "a=z")).toBe("c > a~regex:z");
});

test.each([
  ["(", "regex is not valid: missing closing ): `(` (RE2 syntax)"],
  ["[z-a]", "regex is not valid: invalid character class range: `z-a` (RE2 syntax)"],
  ["a(?=b)", "regex is not valid: invalid or unsupported Perl syntax: `(?=` (RE2 syntax)"],
  ["(a)\\1", "regex is not valid: invalid escape sequence: `\\1` (RE2 syntax)"],
  ["a{1001}", "regex is not valid: invalid repeat count: `{1001}` (RE2 syntax)"],
  ["x".repeat(1001), "regex is too long: 1001 characters, of at most 1000"],
  [
    "(abc){300}",
    expect.stringMatching(
      /^regex is too large: it compiles to \d{3,4} instructions, of at most 500; look for large \{n\}$/,
    ),
  ],
])("%s is refused with words", (regex, message) => {
  const [fault] = faultsOf(regex);
  expect(fault?.replace(/^r\.yaml:1:\d+: /, "")).toEqual(message);
});

test("an empty regular expression is refused", () => {
  expect(faultsOf("")).toEqual(["r.yaml:1:49: regex must not be empty"]);
});

test("time is linear for what makes backtracking explode", () => {
  const rules = rulesOf("^(a+)+$", "^(a|a)*b$", "^(.*)(.*)(.*)(.*)[^a]$");
  const started = performance.now();
  expect(labelMet(rules, `k=${"a".repeat(50_000)}c`)).toBe("k~regex:^(.*)(.*)(.*)(.*)[^a]$");
  expect(performance.now() - started).toBeLessThan(5_000);
});

test("a text is held against the expressions once as long as it is remembered", () => {
  const memory = new MatchMemory();
  let asked = 0;
  const find = (text: string) => {
    asked += 1;
    return text.length;
  };
  expect([memory.recall(1, "abc", find), memory.recall(1, "abc", find), memory.recall(2, "abc", find)]).toEqual([
    3, 3, 3,
  ]);
  expect(asked).toBe(2);
});

test("no number and no length of texts makes the memory grow beyond its bounds", () => {
  const memory = new MatchMemory({ entries: 100, characters: 2_000, longest: 50 });
  for (let i = 0; i < 10_000; i += 1) memory.recall(1, `${i}`, () => -1);
  expect(memory.size).toBeLessThanOrEqual(100);
  expect(memory.size).toBeGreaterThanOrEqual(50);
  for (let i = 0; i < 10_000; i += 1) memory.recall(1, `${i}`.padStart(40, "x"), () => -1);
  expect(memory.size).toBeLessThanOrEqual(2_000 / 40);
  const before = memory.size;
  memory.recall(1, "y".repeat(51), () => -1);
  expect(memory.size).toBe(before);
});

test("what is asked for again and again stays while others come and go", () => {
  const memory = new MatchMemory({ entries: 10, characters: 1e6, longest: 100 });
  memory.recall(1, "often", () => 7);
  for (let i = 0; i < 1_000; i += 1) {
    memory.recall(1, `${i}`, () => -1);
    expect(memory.recall(1, "often", () => 0)).toBe(7);
  }
});

test("a list finds the same whether it remembers or not", () => {
  const list = new RegexList<string>(0, new MatchMemory({ entries: 2, characters: 8, longest: 3 }));
  list.add("a", "has a");
  list.add("b", "has b");
  for (const text of ["xa", "xb", "xc", "xa", "xxxxb", "xxxxb", "xc", "xb"]) {
    const expected = text.includes("a") ? "has a" : text.includes("b") ? "has b" : undefined;
    expect(list.find(text)).toBe(expected);
  }
});

test("an expression that is in use is not compiled again, for that costs more than all else in a reload", () => {
  const compile = vi.spyOn(RE2JS, "compile");
  const matchers = [1, 2, 3].map(() => matchRegex("^/used/[0-9]+$"));
  expect(findRegexFault("^/used/[0-9]+$")).toBeUndefined();
  expect(compile).toHaveBeenCalledTimes(1);
  expect(matchers.map((matches) => matches("/used/7"))).toEqual([true, true, true]);
  compile.mockRestore();
});
