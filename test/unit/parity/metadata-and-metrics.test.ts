import { expect, test } from "vitest";
import { Metrics } from "../../../src/observe/metrics.js";
import { descriptor, engineUnderTest } from "../../support/engine-under-test.js";
import { faultsIn } from "../rules/compiled.js";

/* Rows of docs/from-envoyproxy-ratelimit.md, sections "Metadata" and "Metrics and buckets". */

const METADATA = `
domain: test
descriptors:
  - key: first
    rate_limit: { requests_per_unit: 9, unit: day, name: first }
    metadata: { who: first, route: { to: a, weights: [1] } }
  - key: second
    rate_limit: { requests_per_unit: 1, unit: day }
    metadata: { who: second, route: { to: b, via: c, weights: [2] } }
  - key: free
    rate_limit: { unlimited: true, replaces: [{ name: first }] }
    metadata: { hidden: unlimited }
  - key: white
    metadata: { hidden: no limit }
`;

const first = descriptor({ first: "x" });
const second = descriptor({ second: "x" });

test("[metadata-merging] of limits that passed the first to set a value wins, maps merge deep, lists do not", () => {
  const { decide } = engineUnderTest(METADATA);
  expect(decide([first, second]).dynamicMetadata).toEqual({
    metadata: { who: "first", route: { to: "a", via: "c", weights: [1] } },
  });
  const refused = decide([first, second]);
  expect(refused.overallCode).toBe("OVER_LIMIT");
  expect(refused.dynamicMetadata).toEqual({ metadata: { who: "first", route: { to: "a", weights: [1] } } });
});

test("[metadata-limits-only] unlimited and replaced rules and those without a limit send none", () => {
  const { decide } = engineUnderTest(METADATA);
  const answer = decide([descriptor({ free: "x" }), descriptor({ white: "x" }), first]);
  expect(answer).not.toHaveProperty("dynamicMetadata");
});

test("[metadata-sent] metadata of rules is sent without any setting", () => {
  expect(engineUnderTest(METADATA).decide([second]).dynamicMetadata).toHaveProperty("metadata.who", "second");
});

test("[metadata-of-request] the setting adds domain, descriptors and hits of the request", () => {
  const { decide } = engineUnderTest(METADATA, { responseDynamicMetadata: true });
  const asked = descriptor({ unheard: "of", also: "" }, { hitsAddend: 2 });
  expect(decide([asked], { hitsAddend: 5 }).dynamicMetadata).toEqual({
    domain: "test",
    descriptors: [{ entries: ["unheard=of", "also="], hitsAddend: 2 }],
    hitsAddend: 5,
  });
});

test("[metadata-leak] what was merged for one request is not told to the next", () => {
  const { decide } = engineUnderTest(METADATA);
  decide([first, second]);
  expect(decide([first]).dynamicMetadata).toEqual({ metadata: { who: "first", route: { to: "a", weights: [1] } } });
});

const METRICS = `
domain: test
descriptors:
  - key: plain
    value: a*
    descriptors:
      - key: client
        rate_limit: { requests_per_unit: 1, unit: day }
  - key: both
    value_to_metric: true
    descriptors:
      - key: client
        detailed_metric: true
        rate_limit: { requests_per_unit: 9, unit: day }
  - key: leaf
    descriptors:
      - key: client
        rate_limit: { requests_per_unit: 9, unit: day }
  - key: tenant
    value: eu-*
    value_to_metric: true
    descriptors:
      - key: client
        rate_limit: { requests_per_unit: 9, unit: day }
  - key: path
    value: img/*
    share_threshold: true
    detailed_metric: true
    rate_limit: { requests_per_unit: 9, unit: day }
`;

/** The labels under which requests of one descriptor each are counted. */
function labelsOf(rules: string, ...requests: Record<string, string>[]): string[] {
  const { decide, events } = engineUnderTest(rules);
  for (const entries of requests) decide([descriptor(entries)]);
  return events.descriptors.map((event) => event.rule);
}

test("[metric-labels] descriptors are counted by domain, rule and outcome", async () => {
  const { decide, events } = engineUnderTest(METRICS);
  const metrics = new Metrics("test");
  for (let i = 0; i < 2; i++) decide([descriptor({ plain: "abc", client: "x" })]);
  for (const { domain, rule, outcome } of events.descriptors) metrics.decisions.count(domain, rule, outcome);
  const text = await metrics.registry.metrics();
  for (const outcome of ["ok", "over_limit"]) {
    expect(text).toContain(`weir_decisions_total{domain="test",rule="plain=a* > client",outcome="${outcome}"} 1`);
  }
});

test("[detailed-metric] it tells all values, but the pattern of a shared threshold", () => {
  expect(labelsOf(METRICS, { both: "x", client: "y" }, { path: "img/1" })).toEqual(["both=x > client=y", "path=img/*"]);
});

test("[detailed-metric-leaf] only that of the descriptor with the limit counts, and others are a warning", () => {
  const onParent = METRICS.replace("- key: leaf\n", "- key: leaf\n    detailed_metric: true\n");
  expect(labelsOf(onParent, { leaf: "x", client: "y" })).toEqual(["leaf > client"]);
  expect(faultsIn(onParent)).toEqual([
    "r.yaml:16:5: warning: detailed_metric has no effect: the descriptor has no limit and no rule ends here",
  ]);
});

test("[value-to-metric] it tells the value of its key in the metrics of the rules below", () => {
  const bare = METRICS.replace("        detailed_metric: true\n", "");
  expect(labelsOf(bare, { both: "x", client: "y" }, { tenant: "eu-1", client: "y" })).toEqual([
    "both=x > client",
    "tenant=eu-1 > client",
  ]);
});

test("[metric-bound] beyond 250 labels with values from clients the rule's own label counts", () => {
  const requests = Array.from({ length: 600 }, (_, index) => ({ both: "x", client: `${index}` }));
  const labels = labelsOf(METRICS, ...requests);
  expect(new Set(labels).size).toBe(251);
  expect(labels.at(-1)).toBe("both > client");
});

test("[latency] a request of 120 microseconds is told as such, in seconds", async () => {
  const metrics = new Metrics("test");
  metrics.requestDecided("ok", 0.00012);
  const text = await metrics.registry.metrics();
  const ok = (name: string, le: string) => `weir_request_duration_seconds_${name}{${le}outcome="ok"}`;
  expect(text).toContain(`${ok("sum", "")} 0.00012`);
  expect(text).toMatch(/weir_request_duration_seconds_bucket\{(?=[^}]*le="0.0001")[^}]*outcome="ok"[^}]*\} 0\n/);
  expect(text).toMatch(/weir_request_duration_seconds_bucket\{(?=[^}]*le="0.00025")[^}]*outcome="ok"[^}]*\} 1\n/);
});

test("[bucket-collisions] descriptors that look the same when joined have buckets of their own", () => {
  const { decide } = engineUnderTest(`
domain: test
descriptors:
  - { key: a, rate_limit: { requests_per_unit: 1, unit: day } }
  - { key: a_b, rate_limit: { requests_per_unit: 1, unit: day } }
  - { key: a, value: b, descriptors: [{ key: c, rate_limit: { requests_per_unit: 1, unit: day } }] }
`);
  const asked = [{ a: "b_c" }, { a_b: "c" }, { a: "b", c: "" }, { a: "b_c_" }];
  expect(asked.map((entries) => decide([descriptor(entries)]).overallCode)).toEqual(["OK", "OK", "OK", "OK"]);
});

test("[bucket-per-period] limits of different periods count apart, also where their windows begin together", () => {
  const rules = (unit: string) => `
domain: test
algorithm: fixed_window
descriptors: [{ key: k, rate_limit: { requests_per_unit: 3, unit: ${unit} } }]
`;
  const { decide, clock, reload } = engineUnderTest(rules("minute"));
  clock.nowMicros = 1_700_000_000_000_000 - (1_700_000_000_000_000 % 3_600_000_000);
  decide([descriptor({ k: "x" })], { hitsAddend: 3 });
  reload(rules("hour"));
  expect(decide([descriptor({ k: "x" })]).statuses[0]?.limitRemaining).toBe(2);
});
