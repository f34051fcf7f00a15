import { expect, it } from "vitest";
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

it("counts further values under the rule's own label once there are 500, whatever clients send", () => {
  const clients = Array.from({ length: 600 }, (_, index) => ({ detailed: "x", client: `${index}` }));
  const labels = ruleLabelsOf(...clients, { detailed: "x", client: "0" });
  expect(new Set(labels).size).toBe(501);
  expect(labels[500]).toBe("detailed > client");
  expect(labels[600]).toBe("detailed=x > client=0");
});
