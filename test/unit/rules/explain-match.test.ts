import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { explainMatch } from "../../../src/rules/explain-match.js";
import type { DomainRules, Entry } from "../../../src/rules/rule.js";
import { domainFrom } from "./compiled.js";

/** Mostly the same key, so that patterns get into each other's way. */
const KEYS = ["a", "a", "a", "a", "ab", "b", "a*", "*"];
const PATTERNS: readonly Record<string, string>[] = [
  {},
  ...["x", "xy", "10.0.0.1", "*", "x*", "*y", "10.*"].map((value) => ({ value })),
  ...["10.0.0.0/8", "10.0.0.0/16", "10.0.0.1/32", "0.0.0.0/0", "::/0"].map((cidr) => ({ cidr })),
  ...["^x", "y$", "^10\\.", "."].map((regex) => ({ regex })),
];

interface DraftDescriptor {
  readonly key: string;
  readonly pattern: Record<string, string>;
  readonly limited: boolean;
  readonly below: readonly DraftDescriptor[];
}

const { descriptors } = fc.letrec<{ descriptors: DraftDescriptor[] }>((tie) => ({
  descriptors: fc.uniqueArray(
    fc.record({
      key: fc.constantFrom(...KEYS),
      pattern: fc.constantFrom(...PATTERNS),
      limited: fc.boolean(),
      below: fc.oneof({ maxDepth: 2, withCrossShrink: true }, fc.constant([]), tie("descriptors")),
    }),
    { minLength: 1, maxLength: 8, selector: ({ key, pattern }) => JSON.stringify([key, pattern]) },
  ),
}));

const entries = fc.array(
  fc.record({
    key: fc.constantFrom("a", "a", "a", "a", "ab", "b", "c", "a*"),
    value: fc.constantFrom("x", "xy", "zy", "10.0.0.1", "10.0.0.2", "10.1.2.3", "11.1.1.1", "::1", "x*", ""),
  }),
  { minLength: 1, maxLength: 4 },
);

function written({ key, pattern, limited, below }: DraftDescriptor): object {
  return {
    key,
    ...pattern,
    ...(limited && { rate_limit: { unit: "second", requests_per_unit: 1 } }),
    ...(below.length > 0 && { descriptors: below.map(written) }),
  };
}

function rulesOf(drafts: readonly DraftDescriptor[]): DomainRules {
  return domainFrom("d", stringify({ domain: "d", descriptors: drafts.map(written) }));
}

describe("the explanation of a match", () => {
  it("ends at the rule that the matcher gives, whatever the rules and the descriptor", () => {
    fc.assert(
      fc.property(descriptors, fc.array(entries, { minLength: 5, maxLength: 5 }), (drafts, asked) => {
        const rules = rulesOf(drafts);
        for (const each of asked) {
          const { rule, levels } = explainMatch(rules, each);
          expect(rule).toBe(rules.match(each));
          if (rule !== undefined) expect(levels.map((level) => level.met?.step)).toEqual(rule.path);
        }
      }),
      { numRuns: 300 },
    );
  });

  const rules = domainFrom(
    "d",
    `domain: d
descriptors:
  - key: path
    value: /a
    descriptors: [{ key: ip, rate_limit: { unit: second, requests_per_unit: 1 } }]
  - { key: path, value: /b, rate_limit: { unit: second, requests_per_unit: 1 } }
  - key: path
    value: /c
    rate_limit: { unit: second, requests_per_unit: 1 }
    descriptors: [{ key: ip, descriptors: [{ key: user, rate_limit: { unit: second, requests_per_unit: 1 } }] }]
  - key: path
    descriptors: [{ key: user, rate_limit: { unit: second, requests_per_unit: 1 } }]
`,
  );

  function explained(...pairs: [string, string][]) {
    return explainMatch(
      rules,
      pairs.map(([key, value]): Entry => ({ key, value })),
    );
  }

  it("tells which rules longer descriptors would meet", () => {
    const { rule, below, above } = explained(["path", "/a"]);
    expect(rule).toBeUndefined();
    expect(below.map(({ label }) => label)).toEqual(["path=/a > ip"]);
    expect(above).toBeUndefined();
  });

  it("tells which rule the first entries alone would meet", () => {
    const { rule, above, levels } = explained(["path", "/b"], ["ip", "1"]);
    expect(rule).toBeUndefined();
    expect(above?.label).toBe("path=/b");
    expect(levels[1]).toMatchObject({ met: undefined, others: [], keys: [] });
  });

  it("tells the deepest of them, though there are levels without a rule below it", () => {
    expect(explained(["path", "/c"], ["ip", "1"], ["host", "h"]).above?.label).toBe("path=/c");
  });

  it("tells where a way that was not taken would have led, since there is no way back", () => {
    const { rule, levels } = explained(["path", "/a"], ["user", "ada"]);
    expect(rule).toBeUndefined();
    const [bare] = levels[0]?.others ?? [];
    expect(bare).toMatchObject({ kind: "any", matches: true });
    expect(bare?.leadsTo?.label).toBe("path > user");
  });
});
