import { expect, it } from "vitest";
import { MetricLabels } from "../../../src/engine/metric-labels.js";
import { descriptor, engineUnderTest } from "../../support/engine-under-test.js";

const RULES = `
domain: test
descriptors:
  - key: plain
    rate_limit: { requests_per_unit: 5, unit: minute }
  - key: detailed
    descriptors:
      - key: client
        detailed_metric: true
        rate_limit: { requests_per_unit: 5, unit: minute }
  - key: tenant
    value_to_metric: true
    descriptors:
      - key: client
        rate_limit: { requests_per_unit: 5, unit: minute }
  - key: path
    value: "img/*"
    share_threshold: true
    detailed_metric: true
    rate_limit: { requests_per_unit: 5, unit: minute }
`;

function ruleLabelsOf(...requests: Record<string, string>[]): string[] {
  const { decide, events } = engineUnderTest(RULES);
  for (const entries of requests) decide([descriptor(entries)]);
  return events.descriptors.map((event) => event.rule);
}

it("counts a rule under its own label", () => {
  expect(ruleLabelsOf({ plain: "a" })).toEqual(["plain"]);
});

it("counts under all actual values where the leaf says detailed_metric", () => {
  expect(ruleLabelsOf({ detailed: "x", client: "a" })).toEqual(["detailed=x > client=a"]);
});

it("counts under the values of the levels that say value_to_metric", () => {
  expect(ruleLabelsOf({ tenant: "acme", client: "a" })).toEqual(["tenant=acme > client"]);
});

it("keeps the pattern of a shared threshold", () => {
  expect(ruleLabelsOf({ path: "img/a.png" })).toEqual(["path=img/*"]);
});

it("counts further values under the rule's own label once there are 250, whatever clients send", () => {
  const clients = Array.from({ length: 300 }, (_, index) => ({ detailed: "x", client: `${index}` }));
  const labels = ruleLabelsOf(...clients, { detailed: "x", client: "0" });
  expect(new Set(labels).size).toBe(251);
  expect(labels[250]).toBe("detailed > client");
  expect(labels[300]).toBe("detailed=x > client=0");
});

it("counts further values under the rule's own label once those before are 10,000 bytes long", () => {
  const clients = Array.from({ length: 250 }, (_, index) => ({ detailed: "x", client: `${index}${"é".repeat(40)}` }));
  const labels = new Set(ruleLabelsOf(...clients));
  expect(labels.size).toBeGreaterThan(80);
  expect(labels.size).toBeLessThan(100);
  expect(labels).toContain("detailed > client");
});

it("counts values of any length under short labels, each its own", () => {
  const [first = "", second] = ruleLabelsOf(
    { detailed: "x", client: `${"a".repeat(5_000)}1` },
    { detailed: "x", client: `${"a".repeat(5_000)}2` },
  );
  expect(first).toMatch(/^detailed=x > client=\^[\w-]{24}$/);
  expect(second).not.toBe(first);
});

it("has no value in a label where values are hashed", () => {
  const labels = new MetricLabels({ digestOf: (value) => `digest-${value.length}` });
  const { decide, events } = engineUnderTest(RULES, {}, undefined, { labels });
  decide([descriptor({ detailed: "secret", client: "mine" })]);
  expect(events.descriptors.map(({ rule }) => rule)).toEqual(["detailed=^digest-6 > client=^digest-4"]);
});
