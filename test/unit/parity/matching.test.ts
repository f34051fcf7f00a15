import { expect, test } from "vitest";
import { createShouldRateLimit } from "../../../src/grpc/rate-limit-service.js";
import { callerWaiting, descriptor, engineUnderTest } from "../../support/engine-under-test.js";
import { domainFrom, faultsIn, labelMet } from "../rules/compiled.js";

/* Rows of docs/from-envoyproxy-ratelimit.md, section "Matching". */

/** The rules of descriptors in flow style, in file order. */
function rulesOf(...descriptors: string[]) {
  return domainFrom("d", `domain: d\ndescriptors:\n${descriptors.map((one) => `  - ${one}\n`).join("")}`);
}

test("[depth] a rule is met by descriptors of its depth only, entry by entry", () => {
  const rules = rulesOf("{key: a, rate_limit: {unit: day}, descriptors: [{key: b, rate_limit: {unit: day}}]}");
  expect(labelMet(rules, "a=1")).toBe("a");
  expect(labelMet(rules, "a=1", "b=2")).toBe("a > b");
  expect(labelMet(rules, "a=1", "b=2", "c=3")).toBeUndefined();
  expect(labelMet(rules, "b=2", "a=1")).toBeUndefined();
  expect(labelMet(rulesOf("{key: a, descriptors: [{key: b}]}"), "a=1")).toBeUndefined();
});

test("[exact-first] the exact value goes before wildcards, those before the bare key, wherever they stand", () => {
  const rules = rulesOf("{key: k}", "{key: k, value: a*}", "{key: k, value: ab}");
  expect(["k=ab", "k=ac", "k=b"].map((entry) => labelMet(rules, entry))).toEqual(["k=ab", "k=a*", "k"]);
});

test("[wildcard-order] of wildcards the first in the file counts, in keys and values alike", () => {
  const longerFirst = rulesOf("{key: key, value: ab*}", "{key: key, value: a*}", "{key: ke*}");
  expect(["key=abc", "key=ac", "key=b"].map((entry) => labelMet(longerFirst, entry))).toEqual([
    "key=ab*",
    "key=a*",
    "ke*",
  ]);
  expect(labelMet(rulesOf("{key: ke*}", "{key: key, value: b*}"), "key=b")).toBe("ke*");
});

test("[no-backtracking] what has matched is not given up for something less exact", () => {
  const rules = rulesOf(
    "{key: k, value: exact, descriptors: [{key: other}]}",
    "{key: k, value: ex*, descriptors: [{key: sub}]}",
    "{key: k, descriptors: [{key: sub}, {key: more}]}",
  );
  expect(labelMet(rules, "k=exact", "sub=1")).toBeUndefined();
  expect(labelMet(rules, "k=extra", "sub=1")).toBe("k=ex* > sub");
  expect(labelMet(rules, "k=extra", "more=1")).toBeUndefined();
  expect(labelMet(rules, "k=x", "more=1")).toBe("k > more");
});

test("[wildcard-in-values] a * stands for any characters wherever it is in a value", () => {
  const rules = rulesOf("{key: k, value: a*}", "{key: k, value: '*.php'}", "{key: k, value: x*y*z}");
  expect(["k=a", "k=abc", "k=i.php", "k=x1y2z"].map((entry) => labelMet(rules, entry))).toEqual([
    "k=a*",
    "k=a*",
    "k=*.php",
    "k=x*y*z",
  ]);
  expect(labelMet(rules, "k=b")).toBeUndefined();
});

test("[wildcard-in-keys] a * at the end of a key without a value stands for any rest of the key, not for values", () => {
  const rules = rulesOf("{key: head_x*}", "{key: plain*, value: v}");
  expect(labelMet(rules, "head_x=1")).toBe("head_x*");
  expect(labelMet(rules, "head_xyz=1")).toBe("head_x*");
  expect(labelMet(rules, "head=xyz")).toBeUndefined();
  expect(labelMet(rules, "plain*=v")).toBe("plain*=v");
  expect(labelMet(rules, "plain1=v")).toBeUndefined();
});

test("[composite-collision] keys and values that look the same when joined are different rules", () => {
  const rules = rulesOf("{key: a_b, value: c}", "{key: a, value: b_c}", "{key: a_b_c}");
  expect(["a_b=c", "a=b_c", "a_b_c=x"].map((entry) => labelMet(rules, entry))).toEqual(["a_b=c", "a=b_c", "a_b_c"]);
  expect(labelMet(rulesOf("{key: a_b}"), "a=b")).toBeUndefined();
});

test.each(["value: ''", "value: ~", "value: null", "value:"])("[empty-value] %s is no value", (value) => {
  expect(labelMet(rulesOf(`{key: k, ${value}}`), "k=anything")).toBe("k");
});

test("[empty-entry-value] an entry with an empty value meets *, or else the bare key", () => {
  expect(labelMet(rulesOf("{key: k}", "{key: k, value: '*'}"), "k=")).toBe("k=*");
  expect(labelMet(rulesOf("{key: k}", "{key: k, value: a*}"), "k=")).toBe("k");
});

test("[empty-key] a descriptor without a key is an error", () => {
  expect(faultsIn("domain: d\ndescriptors: [{key: ''}, {value: v}]")).toEqual([
    "r.yaml:2:21: key must not be empty",
    "r.yaml:2:26: key is required",
  ]);
});

const BAN = "domain: test\ndescriptors: [{key: k, rate_limit: {unit: day}}]";

test("[empty-descriptor] a descriptor without entries is OK and limits nothing", () => {
  const { decide, events } = engineUnderTest(BAN);
  expect(decide([descriptor({})])).toEqual({ overallCode: "OK", statuses: [{ code: "OK" }] });
  expect(events.descriptors.map((event) => event.outcome)).toEqual(["no_rule"]);
});

test("[unknown-domain] an unknown domain is OK and counted, without the name that the caller chose", () => {
  const { decide, events } = engineUnderTest(BAN);
  expect(decide([descriptor({ k: "x" })], { domain: "made-up" })).toEqual({
    overallCode: "OK",
    statuses: [{ code: "OK" }],
  });
  expect(events.descriptors).toEqual([{ domain: "", rule: "", outcome: "unknown_domain" }]);
});

test.each([
  [{ domain: "", descriptors: [descriptor({ k: "x" })] }, "rate limit domain must not be empty"],
  [{ domain: "test", descriptors: [] }, "rate limit descriptor list must not be empty"],
])("[empty-request] %j is INVALID_ARGUMENT", async (request, message) => {
  const { engine } = engineUnderTest(BAN);
  const answer = createShouldRateLimit({
    decide: (asked) => engine.decide(asked),
    reportFault: (fault) => expect.unreachable(fault),
  });
  expect(await answer({ hitsAddend: 0, ...request }, callerWaiting(20))).toEqual({ status: { code: 3, message } });
});

const SHARED = `
domain: test
descriptors:
  - key: path
    value: img/*
    share_threshold: true
    rate_limit: { requests_per_unit: 2, unit: day }
  - key: tenant
    value: eu-*
    share_threshold: true
    descriptors:
      - key: user
        rate_limit: { requests_per_unit: 1, unit: day }
  - key: own
    value: a*
    rate_limit: { requests_per_unit: 1, unit: day }
`;

test("[share-threshold] all values that meet the pattern share one bucket, and without it each has its own", () => {
  const { decide } = engineUnderTest(SHARED);
  const codes = ["img/1", "img/2", "img/3"].map((path) => decide([descriptor({ path })]).overallCode);
  expect(codes).toEqual(["OK", "OK", "OVER_LIMIT"]);
  expect(["a1", "a2", "a1"].map((own) => decide([descriptor({ own })]).overallCode)).toEqual([
    "OK",
    "OK",
    "OVER_LIMIT",
  ]);
});

test("[share-threshold-parents] on a parent it holds for the rules below", () => {
  const { decide } = engineUnderTest(SHARED);
  const code = (tenant: string, user: string) => decide([descriptor({ tenant, user })]).overallCode;
  expect([code("eu-1", "ada"), code("eu-2", "ada"), code("eu-2", "bob")]).toEqual(["OK", "OVER_LIMIT", "OK"]);
});

test("[share-threshold-needs-pattern] it is an error where all values are one anyway", () => {
  const shared = (keys: string) => faultsIn(`domain: d\ndescriptors: [{${keys}, share_threshold: true}]`);
  for (const keys of ["key: k", "key: k, value: v"]) expect(shared(keys)[0]).toContain("share_threshold needs a value");
  for (const keys of [
    "key: k, value: a*",
    "key: k, value: '*a'",
    "key: k*",
    "key: k, regex: ^a",
    "key: k, cidr: '::/0'",
  ]) {
    expect(shared(keys)).toEqual([]);
  }
});
