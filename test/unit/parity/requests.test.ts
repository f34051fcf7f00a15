import { expect, test } from "vitest";
import type { Descriptor } from "../../../src/engine/request.js";
import { descriptor, engineUnderTest } from "../../support/engine-under-test.js";
import { faultsIn } from "../rules/compiled.js";

/* Rows of docs/from-envoyproxy-ratelimit.md, sections "Several descriptors in a request" and "What comes with a descriptor". */

const RULES = `
domain: test
descriptors:
  - key: broad
    rate_limit: { requests_per_unit: 5, unit: day, name: broad }
  - key: narrow
    rate_limit: { requests_per_unit: 1, unit: day, name: narrow }
  - key: instead
    rate_limit: { requests_per_unit: 3, unit: day, replaces: [{ name: broad }, { name: free }] }
  - key: free
    rate_limit: { unlimited: true, name: free, replaces: [{ name: narrow }] }
  - key: left
    rate_limit: { requests_per_unit: 1, unit: day, name: left, replaces: [{ name: right }] }
  - key: right
    rate_limit: { requests_per_unit: 1, unit: day, name: right, replaces: [{ name: left }] }
  - key: shadow
    shadow_mode: true
    rate_limit: { requests_per_unit: 1, unit: day }
  - key: quota_a
    quota_mode: true
    rate_limit: { requests_per_unit: 1, unit: day }
  - key: quota_b
    quota_mode: true
    rate_limit: { requests_per_unit: 2, unit: day }
  - key: quota_shadow
    quota_mode: true
    shadow_mode: true
    rate_limit: { requests_per_unit: 1, unit: day }
  - key: tokens
    rate_limit: { requests_per_unit: 100, unit: day, max_debt: 50 }
`;

const open = (settings = {}) => engineUnderTest(RULES, settings);

/** A descriptor of one entry. */
function one(key: string, more: Partial<Descriptor> = {}): Descriptor {
  return descriptor({ [key]: "x" }, more);
}

/** What is left in a bucket, without taking anything. */
function leftOf({ decide }: ReturnType<typeof open>, key: string): number | undefined {
  return decide([one(key, { hitsAddend: 0 })]).statuses[0]?.limitRemaining;
}

test("[all-or-nothing] a request that one limit refuses is charged on none of the others", () => {
  const engine = open();
  const both = [one("broad"), one("narrow")];
  expect([1, 2, 3].map(() => engine.decide(both).overallCode)).toEqual(["OK", "OVER_LIMIT", "OVER_LIMIT"]);
  expect(leftOf(engine, "broad")).toBe(4);
});

test("[same-bucket-twice] descriptors on one bucket add up in order", () => {
  const { decide } = open();
  expect(decide([one("broad"), one("broad")]).statuses.map((status) => status.limitRemaining)).toEqual([4, 3]);
  expect(decide([one("narrow"), one("narrow")]).statuses.map((status) => status.code)).toEqual(["OK", "OVER_LIMIT"]);
});

test("[replaces] a limit that another one names is not counted and tells no limit", () => {
  const engine = open();
  expect(engine.decide([one("broad"), one("instead")]).statuses).toMatchObject([{ code: "OK" }, { limitRemaining: 2 }]);
  expect(engine.decide([one("broad"), one("instead")]).statuses[0]).toEqual({ code: "OK" });
  expect(leftOf(engine, "broad")).toBe(5);
});

test("[replaces-both] two limits that name each other both drop", () => {
  const { decide } = open();
  for (let i = 0; i < 3; i++) {
    expect(decide([one("left"), one("right")]).statuses).toEqual([{ code: "OK" }, { code: "OK" }]);
  }
});

test("[replaces-unlimited] an unlimited limit cannot be replaced, and what it names drops", () => {
  const { decide } = open();
  const { statuses } = decide([one("instead"), one("free"), one("narrow")]);
  expect(statuses.slice(1)).toEqual([{ code: "OK", limitRemaining: 4_294_967_295 }, { code: "OK" }]);
});

test("[replaces-self] a limit that names itself, or names nothing, is an error", () => {
  const limit = (replaces: string) =>
    faultsIn(`domain: d\ndescriptors: [{key: k, rate_limit: {unit: day, name: n, replaces: ${replaces}}}]`);
  expect(limit("[{name: n}]")).toEqual([
    "r.yaml:2:67: replaces names the limit's own name; a limit cannot replace itself",
  ]);
  expect(limit("[{name: ''}]")).toEqual(["r.yaml:2:75: name must not be empty"]);
});

test("[replaces-unknown] a name that no limit has is a warning with the nearest one", () => {
  const text = RULES.replace("replaces: [{ name: broad }", "replaces: [{ name: brod }");
  expect(faultsIn(text)).toEqual([
    'r.yaml:9:71: warning: replaces names "brod", but no limit of this domain has that name; did you mean "broad"?',
  ]);
});

test("[shadow] a shadow limit is counted and never refuses", () => {
  const { decide, events } = open();
  const answers = [decide([one("shadow")]), decide([one("shadow")])];
  expect(answers.map((answer) => [answer.overallCode, answer.statuses[0]?.code])).toEqual([
    ["OK", "OK"],
    ["OK", "OK"],
  ]);
  expect(answers[1]?.statuses[0]?.limitRemaining).toBe(0);
  expect(events.descriptors.map((event) => event.outcome)).toEqual(["ok", "shadow_over_limit"]);
});

test("[quota] one quota that fits is enough, and those that do not fit are not charged", () => {
  const engine = open();
  const both = [one("quota_a"), one("quota_b")];
  expect([1, 2, 3].map(() => engine.decide(both).overallCode)).toEqual(["OK", "OK", "OVER_LIMIT"]);
  const withEnforced = [one("quota_a"), one("narrow")];
  const fresh = open();
  expect([1, 2].map(() => fresh.decide(withEnforced).overallCode)).toEqual(["OK", "OVER_LIMIT"]);
});

test("[shadow-and-quota] a shadow quota that is over counts as one that fits", () => {
  const { decide } = open();
  const both = [one("quota_a"), one("quota_shadow")];
  expect([1, 2, 3].map(() => decide(both).overallCode)).toEqual(["OK", "OK", "OK"]);
});

test("[global-shadow] statuses are those of enforced limits, the request is let through", () => {
  const { decide, events } = open({ globalShadow: true });
  decide([one("narrow")]);
  const refused = decide([one("narrow")]);
  expect([refused.overallCode, refused.statuses[0]?.code]).toEqual(["OK", "OVER_LIMIT"]);
  expect(events.descriptors.at(-1)?.outcome).toBe("shadow_over_limit");
});

test("[global-quota] every limit is a quota", () => {
  const { decide } = open({ globalQuota: true });
  const both = [one("narrow"), one("broad")];
  expect([1, 2, 3, 4, 5, 6].map(() => decide(both).overallCode)).toEqual(["OK", "OK", "OK", "OK", "OK", "OVER_LIMIT"]);
});

test("[global-quota-unmatched] a descriptor without a limit is no quota that fits", () => {
  const { decide } = open({ globalQuota: true });
  const both = [one("narrow"), one("unheard-of")];
  expect([1, 2].map(() => decide(both).overallCode)).toEqual(["OK", "OVER_LIMIT"]);
});

test("[override] a limit that comes along takes the place of the rule, its flags and its name", () => {
  const { decide, events } = open();
  const limit = { requestsPerUnit: 1, unit: "hour" } as const;
  const asked = [one("shadow", { limit }), one("free", { limit })];
  expect(decide(asked).statuses.map((status) => status.currentLimit)).toEqual([limit, limit]);
  expect(decide([one("shadow", { limit })]).overallCode).toBe("OVER_LIMIT");
  expect(decide([one("no-rule", { limit })]).statuses[0]?.limitRemaining).toBe(0);
  expect(decide([one("no-rule", { limit })], { domain: "no-domain" }).statuses).toEqual([{ code: "OK" }]);
  expect(decide([one("free", { limit }), one("narrow")]).statuses[1]?.currentLimit?.name).toBe("narrow");
  expect(events.descriptors[0]?.rule).toBe("(override)");
});

test("[override-algorithm] a limit that comes along counts as its rule does, else as the setting says", () => {
  const resetAfterOne = (key: string, settings: object): number | undefined => {
    const { decide, clock } = open(settings);
    // A quarter of an hour after an hour began.
    clock.nowMicros = 1_700_000_100_000_000;
    const asked = one(key, { limit: { requestsPerUnit: 2, unit: "hour" } });
    return decide([asked]).statuses[0]?.durationUntilResetSeconds;
  };
  expect(1_700_000_100 % 3600).toBe(900);
  expect(resetAfterOne("unheard", { defaultAlgorithm: "fixed_window" })).toBe(2700);
  expect(resetAfterOne("unheard", {})).toBe(1800);
  expect(resetAfterOne("narrow", { defaultAlgorithm: "fixed_window" })).toBe(1800);
});

test("[override-unknown-unit] an override without a known unit is ignored and counted, and the rule holds", () => {
  const { decide, events } = open();
  expect(decide([one("narrow", { limit: { requestsPerUnit: 1000 } })]).statuses[0]?.currentLimit).toMatchObject({
    requestsPerUnit: 1,
    name: "narrow",
  });
  expect(events.overridesIgnored).toEqual(["test"]);
});

test("[hits-zero-is-one] the request's hits count for each descriptor, and 0 means 1", () => {
  const { decide } = open();
  const left = (hitsAddend: number) =>
    decide([one("broad"), one("tokens")], { hitsAddend }).statuses.map((status) => status.limitRemaining);
  expect([left(0), left(3)]).toEqual([
    [4, 99],
    [1, 96],
  ]);
});

test("[hits-per-descriptor] a descriptor's own hits go first, and its 0 takes nothing", () => {
  const { decide } = open();
  const asked = [one("broad", { hitsAddend: 2 }), one("tokens", { hitsAddend: 0 }), one("narrow")];
  expect(decide(asked, { hitsAddend: 1 }).statuses.map((status) => status.limitRemaining)).toEqual([3, 100, 0]);
});

test("[peek] 0 hits pass an empty bucket however many requests it has refused, but not one in debt", () => {
  const { decide } = open();
  for (let i = 0; i < 3; i++) decide([one("tokens")], { hitsAddend: 100 });
  const peek = () => decide([one("tokens", { hitsAddend: 0 })]).overallCode;
  expect(peek()).toBe("OK");
  decide([one("tokens", { hitsAddend: 1 })]);
  expect(peek()).toBe("OVER_LIMIT");
});

test("[cost-after-the-fact] a cost is taken in full if its request was let through, else only what fits", () => {
  const engine = open();
  const report = (hitsAddend: number) => engine.decide([one("tokens", { hitsAddend })]).overallCode;
  expect(report(0)).toBe("OK");
  expect(report(120)).toBe("OVER_LIMIT");
  expect(report(0)).toBe("OVER_LIMIT");
  expect(report(500)).toBe("OVER_LIMIT");
  // 20 below zero, not 50: the refused request's cost made no more debt. 100 a day bring 20 back in 17,280 s.
  engine.clock.nowMicros += 17_279_000_000;
  expect(report(0)).toBe("OVER_LIMIT");
  engine.clock.nowMicros += 1_000_000;
  expect(report(0)).toBe("OK");
});

test("[refund] negative hits give back, never above a full bucket, and are OK", () => {
  const engine = open();
  engine.decide([one("broad")], { hitsAddend: 4 });
  const refund = (hitsAddend: number) => engine.decide([one("broad", { hitsAddend, isNegativeHits: true })]);
  expect(refund(2)).toMatchObject({ overallCode: "OK", statuses: [{ code: "OK", limitRemaining: 3 }] });
  expect(refund(100).statuses[0]?.limitRemaining).toBe(5);
});
