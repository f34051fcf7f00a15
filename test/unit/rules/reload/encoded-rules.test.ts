import { describe, expect, it } from "vitest";
import { countRules, EncodedRuleNode, eachRule, encodeRules } from "../../../../src/rules/reload/encoded-rules.js";
import type { Rule } from "../../../../src/rules/rule.js";
import { domainFrom } from "../compiled.js";

const RULES = domainFrom(
  "d",
  `domain: d
descriptors:
  - key: a
    rate_limit: { unit: day, requests_per_unit: 7 }
  - key: b
    value: "\u{1f600}*"
    metadata: { __proto__: 1, list: [1.5, null, true], deep: { "": x } }
    rate_limits:
      - { unit: hour, requests_per_unit: 3000000000, algorithm: fixed_window }
      - { unit: year, requests_per_unit: 1, unit_multiplier: 30, max_debt: 5, name: n }
  - key: c
    rate_limit: { unlimited: true }
    shadow_mode: false
`,
).rules;

describe("encoded rules", () => {
  it("are what they were when they are decoded, one after the other", () => {
    const encoded = encodeRules(RULES);
    expect(countRules(encoded)).toBe(3);
    expect([...eachRule(encoded)]).toEqual(RULES);
    expect([...eachRule(encodeRules([]))]).toEqual([]);
  });

  it("have a node each, which makes its rule once, when it is asked for", () => {
    const encoded = encodeRules(RULES);
    const nodes = RULES.map((_, index) => new EncodedRuleNode(encoded, index));
    expect(nodes.map((node) => node.rule)).toEqual(RULES);
    expect(nodes[1]!.rule).toBe(nodes[1]!.rule);
    encoded.bytes.fill(0);
    expect(nodes[2]!.rule).toEqual(RULES[2]);
  });

  it("cannot be made of more than plain values", () => {
    const [rule] = RULES;
    expect(() => encodeRules([{ ...rule, label: () => "" } as unknown as Rule])).toThrow(/could not be cloned/);
  });
});
