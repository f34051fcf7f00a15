import { expect, test } from "vitest";
import { compileRules } from "../../../src/rules/load-rules.js";
import { descriptor, engineUnderTest } from "../../support/engine-under-test.js";
import { faultsIn, onlyRule } from "../rules/compiled.js";

/* Rows of docs/from-envoyproxy-ratelimit.md, section "Limits". */

function withLimit(limit: string, keys = ""): string {
  return `domain: d\ndescriptors:\n  - {key: k, rate_limit: ${limit}${keys}}\n`;
}

/** An engine over descriptors of the domain "test", each in flow style. */
function engineOver(descriptors: readonly string[], head = "") {
  return engineUnderTest(`domain: test\n${head}descriptors:\n${descriptors.map((one) => `  - ${one}\n`).join("")}`);
}

const SECONDS = {
  second: 1,
  minute: 60,
  hour: 60 * 60,
  day: 24 * 60 * 60,
  week: 7 * 24 * 60 * 60,
  month: 30 * 24 * 60 * 60,
  year: 365 * 24 * 60 * 60,
};

test.each(["hour", "HOUR", "Hour", "hOuR"])("[unit-any-case] %s is a unit", (unit) => {
  expect(onlyRule(withLimit(`{unit: ${unit}, requests_per_unit: 1}`)).limits).toMatchObject([{ unit: "hour" }]);
});

test("[unit-missing] a limit without a unit, or with one that is none, is an error", () => {
  expect(faultsIn(withLimit("{requests_per_unit: 1}"))[0]).toContain("unit is required");
  for (const unit of ["fortnight", "unknown"]) {
    expect(faultsIn(withLimit(`{unit: ${unit}, requests_per_unit: 1}`))[0]).toContain("unit must be second, minute");
  }
});

test.each(Object.entries(SECONDS))("[unit-lengths] a %s is %i seconds", (unit, seconds) => {
  const { decide } = engineOver([`{key: k, rate_limit: {unit: ${unit}, requests_per_unit: 1}}`]);
  expect(decide([descriptor({ k: "x" })]).statuses[0]?.durationUntilResetSeconds).toBe(seconds);
});

test("[default-algorithm] limits are token buckets, unless the file or the setting says windows", () => {
  const algorithmOf = (text: string, options = {}) => {
    const [limit] = compileRules([{ path: "r.yaml", text }], options).rules?.domains.get("d")?.rules[0]?.limits ?? [];
    return limit?.unlimited === false ? limit.bucket.algorithm : undefined;
  };
  const plain = withLimit("{unit: hour, requests_per_unit: 10}");
  expect(algorithmOf(plain)).toBe("token_bucket");
  expect(algorithmOf(plain, { defaultAlgorithm: "fixed_window" })).toBe("fixed_window");
  expect(algorithmOf(`algorithm: fixed_window\n${plain}`)).toBe("fixed_window");
  const own = withLimit("{unit: hour, requests_per_unit: 10, algorithm: token_bucket}");
  expect(algorithmOf(own, { defaultAlgorithm: "fixed_window" })).toBe("token_bucket");
});

test.each(Object.entries(SECONDS))(
  "[windows-from-epoch] a window of a %s begins at a multiple of %i s",
  (unit, seconds) => {
    const limit = `{key: k, rate_limit: {unit: ${unit}, requests_per_unit: 2}}`;
    const { decide, clock } = engineOver([limit], "algorithm: fixed_window\n");
    const next = (Math.floor(clock.nowMicros / 1_000_000 / seconds) + 1) * seconds;
    const told = (hits: number) => decide([descriptor({ k: "x" })], { hitsAddend: hits }).statuses[0];
    clock.nowMicros = next * 1_000_000 - 1;
    expect(told(2)).toMatchObject({ code: "OK", limitRemaining: 0, durationUntilResetSeconds: 1 });
    expect(told(1)).toMatchObject({ code: "OVER_LIMIT", limitRemaining: 0, durationUntilResetSeconds: 1 });
    clock.nowMicros = next * 1_000_000;
    expect(told(2)).toMatchObject({ code: "OK", limitRemaining: 0, durationUntilResetSeconds: seconds });
    expect(told(1)?.code).toBe("OVER_LIMIT");
  },
);

test("[requests-missing-bans] a missing requests_per_unit is 0, and 0 refuses every request", () => {
  const { decide } = engineOver([
    "{key: missing, rate_limit: {unit: day}}",
    "{key: zero, rate_limit: {unit: day, requests_per_unit: 0}}",
  ]);
  for (const key of ["missing", "zero"]) {
    expect(decide([descriptor({ [key]: "x" })])).toMatchObject({
      overallCode: "OVER_LIMIT",
      statuses: [{ currentLimit: { requestsPerUnit: 0, unit: "day" }, limitRemaining: 0 }],
    });
  }
});

test("[requests-range] requests_per_unit goes from 0 to 4294967295", () => {
  expect(faultsIn(withLimit("{unit: day, requests_per_unit: 4294967295}"))).toEqual([]);
  for (const number of ["-1", "4294967296", "1.5", "'5'"]) {
    expect(faultsIn(withLimit(`{unit: day, requests_per_unit: ${number}}`))).toHaveLength(1);
  }
});

test("[unlimited] an unlimited limit lets through, tells that all is left and counts nothing", () => {
  const { decide, events } = engineOver(["{key: k, rate_limit: {unlimited: true}}"]);
  expect(decide([descriptor({ k: "x" })], { hitsAddend: 1_000_000 })).toEqual({
    overallCode: "OK",
    statuses: [{ code: "OK", limitRemaining: 4_294_967_295 }],
  });
  expect(events.store).toEqual([]);
});

test("[unlimited-with-unit] unlimited together with a unit is an error", () => {
  expect(faultsIn(withLimit("{unlimited: true, unit: day}"))).toEqual([
    "r.yaml:3:50: an unlimited limit has no unit; remove unit, or remove unlimited",
  ]);
  expect(compileRules([{ path: "r", text: withLimit("{unlimited: true, unit: never}") }]).rules).toBeUndefined();
});

test("[unlimited-with-rate] requests_per_unit beside unlimited does nothing, with a warning", () => {
  const text = withLimit("{unlimited: true, requests_per_unit: 5}");
  expect(faultsIn(text)).toEqual(["r.yaml:3:44: warning: requests_per_unit has no effect: the limit is unlimited"]);
  expect(onlyRule(text).limits).toMatchObject([{ unlimited: true }]);
});

test("[no-limit-whitelists] a descriptor without a limit lets through what others would limit", () => {
  const { decide } = engineOver([
    "{key: k, rate_limit: {unit: day}}",
    "{key: k, value: a*, rate_limit: {unit: day}}",
    "{key: k, value: abc}",
  ]);
  expect(decide([descriptor({ k: "abc" })])).toEqual({ overallCode: "OK", statuses: [{ code: "OK" }] });
  expect(decide([descriptor({ k: "abd" })]).overallCode).toBe("OVER_LIMIT");
});

test("[name] a limit's name is told", () => {
  const { decide } = engineOver(["{key: k, rate_limit: {unit: day, requests_per_unit: 1, name: daily}}"]);
  expect(decide([descriptor({ k: "x" })]).statuses[0]?.currentLimit).toEqual({
    requestsPerUnit: 1,
    unit: "day",
    name: "daily",
  });
});

test("[flags-beside-rate-limit] flags and metadata stand beside rate_limit, the rest inside, without a warning", () => {
  const beside =
    ", shadow_mode: true, quota_mode: true, detailed_metric: true, value_to_metric: true, metadata: {a: b}";
  const limited = withLimit("{unit: day, requests_per_unit: 1, name: n}", beside);
  expect(faultsIn(limited)).toEqual([]);
  expect(onlyRule(limited)).toMatchObject({
    shadowMode: true,
    quotaMode: true,
    detailedMetric: true,
    metadata: { a: "b" },
    path: [{ valueToMetric: true }],
    limits: [{ name: "n" }],
  });
  const two = `${limited}  - {key: free, rate_limit: {unlimited: true, name: m, replaces: [{name: n}]}}\n`;
  expect(faultsIn(two)).toEqual([]);
});

test("[flags-without-limit] flags of a descriptor without a limit are not passed on, with a warning", () => {
  const child = "{key: c, rate_limit: {unit: day, requests_per_unit: 1}}";
  const flags = "shadow_mode: true, quota_mode: true, detailed_metric: true, metadata: {a: b}";
  const text = `domain: d\ndescriptors:\n  - {key: k, ${flags}, descriptors: [${child}]}\n`;
  expect(faultsIn(text).map((line) => line.replace(/^[^ ]* /, ""))).toEqual([
    "warning: shadow_mode has no effect: the descriptor has no limit",
    "warning: quota_mode has no effect: the descriptor has no limit",
    "warning: detailed_metric has no effect: the descriptor has no limit and no rule ends here",
    "warning: metadata has no effect: the descriptor has no limit and no rule ends here",
  ]);
  expect(onlyRule(text)).toMatchObject({ shadowMode: false, quotaMode: false, detailedMetric: false });
  expect(onlyRule(text)).not.toHaveProperty("metadata");
});
