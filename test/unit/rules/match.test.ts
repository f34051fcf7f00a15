import { expect, test } from "vitest";
import { addNode, createLevel, type Level, matchEntries, type RuleNode } from "../../../src/rules/match.js";
import { domainFrom, labelMet } from "./compiled.js";

function rulesOf(...descriptors: string[]) {
  return domainFrom("d", `domain: d\ndescriptors:\n${descriptors.map((d) => `  - ${d}\n`).join("")}`);
}

test("the exact value is met before a wildcard, and that before the bare key, whatever their order in the file", () => {
  const rules = rulesOf("{key: k}", "{key: k, value: 'a*'}", "{key: k, value: abc}");
  expect(labelMet(rules, "k=abc")).toBe("k=abc");
  expect(labelMet(rules, "k=abd")).toBe("k=a*");
  expect(labelMet(rules, "k=xyz")).toBe("k");
  expect(labelMet(rules, "l=abc")).toBeUndefined();
});

test("the first wildcard in the file that matches is met", () => {
  const rules = rulesOf("{key: k, value: '*c'}", "{key: k, value: 'a*'}", "{key: k, value: 'ab*'}");
  expect(labelMet(rules, "k=abc")).toBe("k=*c");
  expect(labelMet(rules, "k=abd")).toBe("k=a*");
});

test("an empty value meets * and bare keys", () => {
  expect(labelMet(rulesOf("{key: k, value: '*'}", "{key: k}"), "k=")).toBe("k=*");
  expect(labelMet(rulesOf("{key: k, value: 'a*'}", "{key: k}"), "k=")).toBe("k");
  expect(labelMet(rulesOf("{key: k, value: a}"), "k=")).toBeUndefined();
});

test("a key that ends in * meets keys by their beginning, whatever the value", () => {
  const rules = rulesOf("{key: foo}", "{key: 'foo*'}", "{key: foobar, value: v}");
  expect(labelMet(rules, "foobar=v")).toBe("foobar=v");
  expect(labelMet(rules, "foobar=w")).toBe("foo*");
  expect(labelMet(rules, "foo=")).toBe("foo*");
  expect(labelMet(rules, "fo=oo")).toBeUndefined();
});

test("wildcards in keys and in values are tried together in file order", () => {
  const keyFirst = rulesOf("{key: 'f*'}", "{key: foo, value: 'a*'}");
  const valueFirst = rulesOf("{key: foo, value: 'a*'}", "{key: 'f*'}");
  expect(labelMet(keyFirst, "foo=abc")).toBe("f*");
  expect(labelMet(valueFirst, "foo=abc")).toBe("foo=a*");
  expect(labelMet(valueFirst, "foo=xyz")).toBe("f*");
});

test("a * in a key with a value, or in the middle of a key, is just a character", () => {
  const rules = rulesOf("{key: 'a*', value: v}", "{key: 'b*c'}");
  expect(labelMet(rules, "ax=v")).toBeUndefined();
  expect(labelMet(rules, "a*=v")).toBe("a*=v");
  expect(labelMet(rules, "bxc=v")).toBeUndefined();
  expect(labelMet(rules, "b*c=v")).toBe("b*c");
});

test("a way once taken is not left for another", () => {
  const rules = rulesOf(
    "{key: k, value: abc, descriptors: [{key: x}]}",
    "{key: k, value: 'a*', descriptors: [{key: y}]}",
    "{key: k, descriptors: [{key: z}]}",
  );
  expect(labelMet(rules, "k=abc", "x=1")).toBe("k=abc > x");
  expect(labelMet(rules, "k=abc", "y=1")).toBeUndefined();
  expect(labelMet(rules, "k=abc", "z=1")).toBeUndefined();
  expect(labelMet(rules, "k=abd", "y=1")).toBe("k=a* > y");
  expect(labelMet(rules, "k=abd", "z=1")).toBeUndefined();
  expect(labelMet(rules, "k=zzz", "z=1")).toBe("k > z");
});

test("a descriptor must be as deep as the rule", () => {
  const rules = rulesOf("{key: a, descriptors: [{key: b, descriptors: [{key: c}]}]}", "{key: x}");
  expect(labelMet(rules, "a=1", "b=1", "c=1")).toBe("a > b > c");
  expect(labelMet(rules, "a=1", "b=1")).toBeUndefined();
  expect(labelMet(rules, "a=1")).toBeUndefined();
  expect(labelMet(rules, "a=1", "b=1", "c=1", "d=1")).toBeUndefined();
  expect(labelMet(rules, "x=1", "x=1")).toBeUndefined();
  expect(labelMet(rules)).toBeUndefined();
});

test("entries are met in their order", () => {
  const rules = rulesOf("{key: a, descriptors: [{key: b}]}");
  expect(labelMet(rules, "b=1", "a=1")).toBeUndefined();
});

test("letters are told apart by case", () => {
  const rules = rulesOf("{key: k, value: Abc}", "{key: k, value: 'X*'}");
  expect(labelMet(rules, "k=abc")).toBeUndefined();
  expect(labelMet(rules, "k=xyz")).toBeUndefined();
});

/** A map that counts its lookups and cannot be gone through. */
class LookupOnlyMap<K, V> extends Map<K, V> {
  static lookups = 0;
  override get(key: K): V | undefined {
    LookupOnlyMap.lookups += 1;
    return super.get(key);
  }
  override forEach(): void {
    throw new Error("went through all of them");
  }
  override entries(): MapIterator<[K, V]> {
    throw new Error("went through all of them");
  }
  override keys(): MapIterator<K> {
    throw new Error("went through all of them");
  }
  override values(): MapIterator<V> {
    throw new Error("went through all of them");
  }
  override [Symbol.iterator](): MapIterator<[K, V]> {
    throw new Error("went through all of them");
  }
}

test("an exact value among 100,000 is found with lookups alone, as many as among one", () => {
  const lookups = [1, 100_000].map((size) => {
    const level: Level = {
      ...createLevel(),
      exact: new LookupOnlyMap([["path", new LookupOnlyMap<string, RuleNode>()]]),
      valueWildcards: new LookupOnlyMap(),
      networks: new LookupOnlyMap(),
      regexes: new LookupOnlyMap(),
      bare: new LookupOnlyMap(),
    };
    for (let i = 0; i < size; i += 1) addNode(level, { key: "path", value: `/p/${i}` }, nodeCalled(`${i}`));
    addNode(level, { key: "path" }, nodeCalled("bare"));
    LookupOnlyMap.lookups = 0;
    expect(matchEntries(level, [{ key: "path", value: `/p/${size - 1}` }])?.label).toBe(`${size - 1}`);
    expect(matchEntries(level, [{ key: "path", value: "/none" }])?.label).toBe("bare");
    return LookupOnlyMap.lookups;
  });
  expect(lookups[1]).toBe(lookups[0]);
  expect(lookups[0]).toBeLessThanOrEqual(12);
});

function nodeCalled(label: string): RuleNode {
  const position = { file: "", line: 1, column: 1 };
  const flags = { shadowMode: false, quotaMode: false, detailedMetric: false };
  return { rule: { domain: "d", path: [], label, limits: [], ...flags, position }, children: undefined };
}
