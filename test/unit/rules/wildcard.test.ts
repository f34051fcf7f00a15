import fc from "fast-check";
import { expect, test } from "vitest";
import { matchWildcard } from "../../../src/rules/wildcard.js";
import { runs } from "../../support/property-runs.js";

const CASES: readonly (readonly [pattern: string, meets: string[], not: string[]])[] = [
  ["*", ["", "a", "*", "a\nb"], []],
  ["a*", ["a", "ab", "a*"], ["", "ba", "A"]],
  ["*a", ["a", "ba"], ["", "ab"]],
  ["a*b", ["ab", "aXb", "abab"], ["a", "b", "aba", "ba"]],
  ["ab*ba", ["abba", "abXba"], ["aba", "ab", "ba"]],
  ["*a*", ["a", "bab"], ["", "b"]],
  ["a*b*c", ["abc", "aXbXc", "abbcc"], ["ac", "acb", "abcX", "acbX"]],
  ["a**b", ["ab", "aXb"], ["a"]],
  ["**", ["", "x"], []],
  ["*ab*ab*", ["abab", "XabXabX"], ["ab", "aab", "abXa"]],
  ["/v1/*/export", ["/v1/x/export", "/v1//export"], ["/v1/export", "/v1/x/exports"]],
  ["a.c*", ["a.c"], ["abc"]],
  ["[a]*", ["[a]"], ["a"]],
];

test.each(CASES)("`%s` matches what it says and nothing else", (pattern, meets, not) => {
  const matches = matchWildcard(pattern);
  expect(meets.filter((text) => !matches(text))).toEqual([]);
  expect(not.filter((text) => matches(text))).toEqual([]);
});

/** The meaning of `*`, by trying everything. */
function meets(pattern: string, text: string): boolean {
  if (pattern === "") return text === "";
  if (pattern[0] !== "*") return pattern[0] === text[0] && text !== "" && meets(pattern.slice(1), text.slice(1));
  return meets(pattern.slice(1), text) || (text !== "" && meets(pattern, text.slice(1)));
}

test("matching agrees with trying every way to read the wildcards", () => {
  const letters = fc.string({ unit: fc.constantFrom("a", "b"), maxLength: 8 });
  const pattern = fc.string({ unit: fc.constantFrom("a", "b", "*"), maxLength: 7 }).map((text) => `${text}*`);
  fc.assert(
    fc.property(pattern, fc.nat(7), letters, (stars, turn, text) => {
      // Turned, so that the star that is always there can be anywhere.
      const at = turn % stars.length;
      const turned = stars.slice(at) + stars.slice(0, at);
      expect(matchWildcard(turned)(text)).toBe(meets(turned, text));
    }),
    { numRuns: runs(2000) },
  );
});

test("a pattern made to go back and forth costs no more than its length times the text's", () => {
  const matches = matchWildcard(`${"a*".repeat(2000)}b`);
  const long = matchWildcard(`*${"a".repeat(200)}b*c`);
  expect(matches("a".repeat(20_000))).toBe(false);
  expect(matches(`${"a".repeat(20_000)}b`)).toBe(true);
  expect(long("a".repeat(20_000))).toBe(false);
});
