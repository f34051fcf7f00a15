import { expect, test } from "vitest";
import type { BucketLimit } from "../../../src/limits/limit.js";
import { compileRules } from "../../../src/rules/load-rules.js";
import type { RuleLimit } from "../../../src/rules/rule.js";
import { describeFill } from "../../../src/rules/told-rate.js";
import { onlyRule } from "./compiled.js";

const SECOND = 1_000_000;

function limitsOf(limits: string, head = ""): readonly RuleLimit[] {
  return onlyRule(`domain: d\n${head}descriptors:\n  - key: k\n    ${limits}\n`).limits;
}

test("several limits stay in the order of the file", () => {
  const written =
    "rate_limits: [{requests_per_unit: 10, unit: second}, {requests_per_unit: 1000, unit: hour, unit_multiplier: 6, name: six-hourly}]";
  expect(limitsOf(written)).toEqual([
    {
      unlimited: false,
      name: "",
      replaces: [],
      requestsPerUnit: 10,
      unit: "second",
      unitMultiplier: 1,
      bucket: { algorithm: "token_bucket", tokensPerPeriod: 10, periodMicros: SECOND, burst: 10, maxDebt: 10 },
    },
    {
      unlimited: false,
      name: "six-hourly",
      replaces: [],
      requestsPerUnit: 1000,
      unit: "hour",
      unitMultiplier: 6,
      bucket: {
        algorithm: "token_bucket",
        tokensPerPeriod: 1000,
        periodMicros: 6 * 3600 * SECOND,
        burst: 1000,
        maxDebt: 1000,
      },
    },
  ]);
});

test("a list of one unlimited limit is unlimited", () => {
  expect(limitsOf("rate_limits: [{unlimited: true}]")).toEqual([{ unlimited: true, name: "", replaces: [] }]);
});

test("a token bucket in Envoy's words is one with that burst and that rate", () => {
  const written =
    "token_bucket: {max_tokens: 100, tokens_per_fill: 10, fill_interval: 1.5s, name: n, replaces: [{name: a}], max_debt: 7}";
  expect(limitsOf(written)).toEqual([
    {
      unlimited: false,
      name: "n",
      replaces: ["a"],
      requestsPerUnit: 20,
      unit: "second",
      unitMultiplier: 3,
      bucket: { algorithm: "token_bucket", tokensPerPeriod: 10, periodMicros: 1.5 * SECOND, burst: 100, maxDebt: 7 },
    },
  ]);
});

test("a fill is one token where the file does not say, and the debt is the burst", () => {
  expect(limitsOf("token_bucket: {max_tokens: 5, fill_interval: 1m}")).toMatchObject([
    { requestsPerUnit: 1, unit: "minute", bucket: { tokensPerPeriod: 1, burst: 5, maxDebt: 5 } },
  ]);
});

test.each([
  ["1us", 1],
  ["2.5us", undefined],
  ["100ms", 100_000],
  ["0.05s", 50_000],
  ["0.0000010s", 1],
  ["0.0000001s", undefined],
  ["1s", SECOND],
  ["1.5s", 1.5 * SECOND],
  ["5m", 300 * SECOND],
  ["24h", 86_400 * SECOND],
  ["7d", 7 * 86_400 * SECOND],
  ["1125899906842624us", 2 ** 50],
  ["1125899906842625us", undefined],
  ["99999999999999999999d", undefined],
  ["0s", undefined],
  ["-1s", undefined],
  ["1", undefined],
  ["s", undefined],
  ["1 s", undefined],
  ["1h30m", undefined],
  ["1e3s", undefined],
  [".5s", undefined],
  ["5S", undefined],
])("a fill_interval of %s is %s microseconds", (written, micros) => {
  const text = `domain: d\ndescriptors:\n  - {key: k, token_bucket: {max_tokens: 5, fill_interval: "${written}"}}\n`;
  const { rules, faults } = compileRules([{ path: "r.yaml", text }]);
  const limit = rules?.domains.get("d")?.rules[0]?.limits[0] as { bucket: BucketLimit } | undefined;
  expect(limit?.bucket.periodMicros).toBe(micros);
  expect(faults.map((fault) => fault.code)).toEqual(micros === undefined ? ["invalid-duration"] : []);
});

test.each([
  [10, "1s", SECOND, 10, "second", 1],
  [10, "60s", 60 * SECOND, 10, "minute", 1],
  [10, "90s", 90 * SECOND, 10, "second", 90],
  [10, "2h", 7_200 * SECOND, 10, "hour", 2],
  [10, "7d", 7 * 86_400 * SECOND, 10, "week", 1],
  [10, "30d", 30 * 86_400 * SECOND, 10, "month", 1],
  [10, "730d", 730 * 86_400 * SECOND, 10, "year", 2],
  [1, "100ms", 100_000, 10, "second", 1],
  [3, "1.5s", 1_500_000, 6, "second", 3],
  [1, "1us", 1, 1_000_000, "second", 1],
  [1, "3.6s", 3_600_000, 5, "second", 18],
  [7, "0.001001s", 1_001, 7_000_000, "second", 1001],
  [1, "333333us", 333_333, 3, "second", 1],
  [4_294_967_295, "1us", 1, 4_294_967_295, "second", 1],
  [4_294_967_295, "1.5s", 1_500_000, 4_294_967_295, "second", 2],
  [1, "3601.000001s", 3_601_000_001, 1, "second", 3601],
])(
  "%i in %s are told as they are, or as near as can be",
  (tokens, _written, micros, requestsPerUnit, unit, unitMultiplier) => {
    expect(describeFill(tokens, micros)).toEqual({ requestsPerUnit, unit, unitMultiplier });
  },
);

function algorithmOf(limits: string, head = "", options = {}): unknown {
  const text = `domain: d\n${head}descriptors:\n  - key: k\n    ${limits}\n`;
  const limit = compileRules([{ path: "r.yaml", text }], options).rules?.domains.get("d")?.rules[0]?.limits[0];
  return limit !== undefined && !limit.unlimited && limit.bucket.algorithm;
}

test("the limit's algorithm goes before the file's, that before the default, and without any it is token_bucket", () => {
  const plain = "rate_limit: {unit: day, requests_per_unit: 5}";
  const own = "rate_limit: {unit: day, requests_per_unit: 5, algorithm: sliding_window}";
  const options = { defaultAlgorithm: "fixed_window" };
  expect(algorithmOf(plain)).toBe("token_bucket");
  expect(algorithmOf(plain, "", options)).toBe("fixed_window");
  expect(algorithmOf(plain, "algorithm: token_bucket\n", options)).toBe("token_bucket");
  expect(algorithmOf(own, "algorithm: token_bucket\n", options)).toBe("sliding_window");
  expect(algorithmOf("token_bucket: {max_tokens: 5, fill_interval: 1s}", "algorithm: fixed_window\n", options)).toBe(
    "token_bucket",
  );
});

test("the file's algorithm is for its own rules, not for those of another file of the domain", () => {
  const rule = (key: string) => `descriptors: [{key: ${key}, rate_limit: {unit: day, requests_per_unit: 5}}]\n`;
  const files = [
    { path: "a.yaml", text: `domain: d\nalgorithm: fixed_window\n${rule("a")}` },
    { path: "b.yaml", text: `domain: d\n${rule("b")}` },
  ];
  const limits = compileRules(files)
    .rules?.domains.get("d")
    ?.rules.flatMap((each) => each.limits);
  expect(limits?.map((limit) => !limit.unlimited && limit.bucket.algorithm)).toEqual(["fixed_window", "token_bucket"]);
});

test("a window holds what its period brings, and may owe as much", () => {
  for (const algorithm of ["fixed_window", "sliding_window"]) {
    expect(limitsOf(`rate_limit: {unit: hour, requests_per_unit: 5, algorithm: ${algorithm}}`)).toMatchObject([
      { bucket: { algorithm, tokensPerPeriod: 5, periodMicros: 3600 * SECOND, burst: 5, maxDebt: 5 } },
    ]);
    expect(
      limitsOf(`rate_limit: {unit: hour, requests_per_unit: 5, algorithm: ${algorithm}, max_debt: 9}`),
    ).toMatchObject([{ bucket: { burst: 5, maxDebt: 9 } }]);
  }
});

test("a deny_response is taken with its headers in order and in lower case", () => {
  const rule = onlyRule(
    'domain: d\ndescriptors:\n  - key: k\n    rate_limit: {unit: day}\n    deny_response: {body: "no\\n", headers: {X-B: 007, Content-Type: text/plain, x-a: ""}}\n',
  );
  expect(rule.denyResponse).toEqual({
    body: "no\n",
    headers: [
      { key: "x-b", value: "007" },
      { key: "content-type", value: "text/plain" },
      { key: "x-a", value: "" },
    ],
  });
  expect(onlyRule("domain: d\ndescriptors: [{key: k, rate_limit: {unit: day}}]\n")).not.toHaveProperty("denyResponse");
});

test("what values share is told with its kind, so that no two kinds share a bucket", () => {
  const sharedBy = (pattern: string) =>
    onlyRule(`domain: d\ndescriptors:\n  - {${pattern}, share_threshold: true}\n`).path[0]?.sharedPattern;
  expect(sharedBy("key: k, value: 'a*'")).toBe("wildcard:a*");
  expect(sharedBy("key: 'k*'")).toBe("wildcard:");
  expect(sharedBy("key: k, regex: 'a*'")).toBe("regex:a*");
  expect(sharedBy("key: k, cidr: '2001:DB8::/32'")).toBe("cidr:2001:db8::/32");
  const [step] = onlyRule("domain: d\ndescriptors:\n  - {key: k, regex: 'a*'}\n").path;
  expect(step).toEqual({ key: "k", regex: "a*", shareThreshold: false, valueToMetric: false });
});
