import fc from "fast-check";
import { expect, test } from "vitest";
import { compileRules } from "../../../src/rules/load-rules.js";
import type { Entry, Rule, RuleSet } from "../../../src/rules/rule.js";
import { RuleSetBuilder } from "../../../src/rules/rule-set-builder.js";

/** A descriptor of the rules as the model takes it. */
interface Node {
  readonly key: string;
  /** Empty for the bare key, and beside cidr and regex. */
  readonly value: string;
  readonly cidr: string;
  readonly regex: string;
  readonly limited: boolean;
  readonly children: readonly Node[];
}

const keys = fc.constantFrom("a", "b", "ab", "a*", "*", "__proto__");
const pattern = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ value: fc.constantFrom("", "x", "xy", "x*", "*y", "*", "y*x", "xyx", "10.1.0.1") }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ cidr: fc.constantFrom("10.0.0.0/8", "10.1.0.0/16", "10.1.0.1/32", "0.0.0.0/0", "::/0") }),
  },
  { weight: 2, arbitrary: fc.record({ regex: fc.constantFrom("x", "^x", "y$", "^10[.]", "^$", "(x|y){2}") }) },
);

function nodes(depth: number): fc.Arbitrary<readonly Node[]> {
  const children = depth === 0 ? fc.constant([]) : nodes(depth - 1);
  const node = fc
    .tuple(fc.record({ key: keys, limited: fc.boolean(), children }), pattern)
    .map(([node, taken]): Node => ({ value: "", cidr: "", regex: "", ...node, ...taken }));
  return fc.uniqueArray(node, { maxLength: 5, selector: (each) => nameOf(each) });
}

function nameOf({ key, value, cidr, regex }: Omit<Node, "limited" | "children">): string {
  return JSON.stringify([key, value, cidr, regex]);
}

function write(list: readonly Node[]): unknown[] {
  return list.map(({ key, value, cidr, regex, limited, children }) => ({
    key,
    ...(value !== "" && { value }),
    ...(cidr !== "" && { cidr }),
    ...(regex !== "" && { regex }),
    ...(limited && { rate_limit: { unit: "day", requests_per_unit: 1 } }),
    ...(children.length > 0 && { descriptors: write(children) }),
  }));
}

function meetsWildcard(text: string, wildcard: string): boolean {
  const escaped = wildcard.split("*").map((piece) => piece.replace(/[^a-z]/g, "\\$&"));
  return new RegExp(`^${escaped.join("[\\s\\S]*")}$`).test(text);
}

/** Networks as this test uses them: by the beginnings of dotted text, and all of IPv6. */
const NETWORKS = new Map<string, (address: string) => boolean>([
  ["10.1.0.1/32", (address) => address === "10.1.0.1"],
  ["10.1.0.0/16", (address) => address.startsWith("10.1.")],
  ["10.0.0.0/8", (address) => address.startsWith("10.")],
  ["0.0.0.0/0", (address) => /^[0-9.]+$/.test(address)],
  ["::/0", (address) => address.includes(":") && !address.startsWith("::ffff:")],
]);

function meetsNetwork(value: string, cidr: string): boolean {
  return /[.:]/.test(value) && NETWORKS.get(cidr)?.(value.replace("::ffff:", "")) === true;
}

function longestFirst(a: Node, b: Node): number {
  return Number(b.cidr.split("/")[1]) - Number(a.cidr.split("/")[1]);
}

/** The node that an entry meets, found by going through all of them for each kind in turn. */
function meet(list: readonly Node[], { key, value }: Entry): Node | undefined {
  const plain = list.filter((node) => node.cidr === "" && node.regex === "");
  const ofKey = list.filter((node) => node.key === key);
  const isKeyWildcard = (node: Node) => node.value === "" && node.key.endsWith("*");
  const isValueWildcard = (node: Node) => node.key === key && node.value.includes("*");
  return (
    plain.find((node) => node.key === key && node.value === value && value !== "" && !value.includes("*")) ??
    plain.find((node) =>
      isKeyWildcard(node)
        ? key.startsWith(node.key.slice(0, -1))
        : isValueWildcard(node) && meetsWildcard(value, node.value),
    ) ??
    ofKey
      .filter((node) => node.cidr !== "")
      .sort(longestFirst)
      .find((node) => meetsNetwork(value, node.cidr)) ??
    ofKey.find((node) => node.regex !== "" && new RegExp(node.regex).test(value)) ??
    plain.find((node) => node.key === key && node.value === "" && !isKeyWildcard(node))
  );
}

/** The path of the rule that entries meet. */
function search(list: readonly Node[], [entry, ...rest]: readonly Entry[]): string[] | undefined {
  const met = entry === undefined ? undefined : meet(list, entry);
  if (met === undefined) return undefined;
  if (rest.length === 0) return met.limited || met.children.length === 0 ? [nameOf(met)] : undefined;
  const below = search(met.children, rest);
  return below && [nameOf(met), ...below];
}

function pathOf(rule: Rule | undefined): string[] | undefined {
  return rule?.path.map(({ key, value = "", cidr = "", regex = "" }) => nameOf({ key, value, cidr, regex }));
}

const entry = fc.record({
  key: fc.constantFrom("a", "b", "ab", "abc", "c", "a*", "__proto__"),
  value: fc.constantFrom(
    "",
    "x",
    "y",
    "xy",
    "yx",
    "xyx",
    "z",
    "x*",
    "constructor",
    "10.1.0.1",
    "10.1.2.3",
    "10.2.0.1",
    "11.0.0.1",
    "::1",
    "::ffff:10.1.0.1",
  ),
});
const descriptors = fc.array(fc.array(entry, { maxLength: 3 }), { maxLength: 20 });

function compiled(list: readonly Node[]): { rules: RuleSet; neverMet: string[] } {
  const text = JSON.stringify({ domain: "d", descriptors: write(list) });
  const { rules, faults } = compileRules([{ path: "r.yaml", text }]);
  expect(faults.filter(({ code }) => code !== "never-met")).toEqual([]);
  const neverMet = faults.map(({ position }) => `${position.line}:${position.column}`);
  return { rules: rules as RuleSet, neverMet };
}

test("matching agrees with a search through all descriptors, for all five kinds", () => {
  fc.assert(
    fc.property(nodes(2), descriptors, (list, requests) => {
      const { rules } = compiled(list);
      for (const entries of requests) {
        expect(pathOf(rules.domains.get("d")?.match(entries))).toEqual(search(list, entries));
      }
    }),
    { numRuns: 300 },
  );
});

test("a rule that is warned of as never met is met by nothing, and each that is met has no warning", () => {
  let warned = 0;
  fc.assert(
    fc.property(nodes(1), descriptors, (list, requests) => {
      const { rules, neverMet } = compiled(list);
      warned += neverMet.length;
      for (const entries of requests) {
        const met = rules.domains.get("d")?.match(entries);
        if (met === undefined) continue;
        expect(neverMet).not.toContain(`${met.position.line}:${met.position.column}`);
      }
    }),
    { numRuns: 300 },
  );
  expect(warned).toBeGreaterThan(50);
});

test("rules that were sent to another thread and built there match as those that they were taken from", () => {
  fc.assert(
    fc.property(nodes(2), descriptors, (list, requests) => {
      const { rules } = compiled(list);
      const builder = new RuleSetBuilder(rules.domains.keys());
      for (const rule of structuredClone(rules.domains.get("d")?.rules ?? [])) builder.add(rule);
      const built = builder.finish().domains.get("d");
      for (const entries of requests) {
        expect(built?.match(entries)).toEqual(rules.domains.get("d")?.match(entries));
      }
    }),
    { numRuns: 100 },
  );
});
