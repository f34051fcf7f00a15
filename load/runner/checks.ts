import type { EnvoyFigures } from "./envoy-figures.js";
import type { BucketCount, K6Summary } from "./k6-summary.js";
import type { Scenario } from "./scenarios.js";
import type { WeirFigures } from "./weir-figures.js";

/** One thing that must be so. */
export interface Check {
  readonly what: string;
  readonly passed: boolean;
  /** What was found. */
  readonly found: string;
}

export interface Seen {
  readonly k6: K6Summary;
  readonly envoy: EnvoyFigures;
  readonly weir: Pick<WeirFigures, "decisions">;
}

/** k6's clock tells whole milliseconds. */
const CLOCK_MILLIS = 1;

/** Holds what was seen against what the scenario allows. */
export function checksOf(scenario: Scenario, seen: Seen): readonly Check[] {
  return [
    equal("no request failed", seen.k6.failed, 0),
    ...(scenario.isOverload ? [] : inTime(seen.envoy)),
    ...Object.keys(scenario.buckets).map((name) => admittedCheck(name, scenario, seen)),
    ...sameCounts(scenario, seen),
  ];
}

/** How many a bucket must have let through at least and at most, by its rule and the times that k6 measured. */
function bounds({ began, ended }: K6Summary, count: BucketCount, burst: number, perSecond: number) {
  const longest = (ended + CLOCK_MILLIS - began) / 1000;
  // From the first refusal to the last the bucket was never full, so it let through all that time brought.
  const shortest = Math.max(0, (count.lastRefused - count.firstRefused - CLOCK_MILLIS) / 1000);
  return { least: Math.ceil(burst + perSecond * shortest - 1), most: Math.floor(burst + perSecond * longest) };
}

function equal(what: string, found: number, wanted: number): Check {
  return { what, passed: found === wanted, found: found === wanted ? String(found) : `${found}, not ${wanted}` };
}

function inTime({ errors, timeouts, letThrough }: EnvoyFigures): readonly Check[] {
  return [
    equal("Envoy counts no call to Weir as an error", errors, 0),
    equal("Envoy counts no call to Weir as late", timeouts, 0),
    equal("Envoy let no request through for want of an answer", letThrough, 0),
  ];
}

function admittedCheck(name: string, { buckets, isOverload }: Scenario, { k6, envoy, weir }: Seen): Check {
  const allowance = buckets[name];
  const count = k6.buckets[name];
  const what = `${name}: admitted what its rule allows`;
  if (allowance === undefined || count === undefined || count.admitted === 0) {
    return { what, passed: false, found: "no request was let through" };
  }
  const { refused } = count;
  if (allowance.kind === "unlimited") {
    return { what, passed: refused === 0, found: `${count.admitted} of ${count.admitted + refused}; all should be` };
  }
  // Envoy lets through what Weir answers too late: then what Weir admitted is what counts.
  const admitted = isOverload ? weir.decisions(allowance.rule, "ok") : count.admitted;
  if (refused === 0) {
    return { what, passed: false, found: `${admitted}, and none was refused: more load, or other rules, are needed` };
  }
  const { least, most } = bounds(k6, count, allowance.burst, allowance.perSecond);
  const passed = admitted >= least - envoy.errors && admitted <= most;
  return { what, passed, found: `${admitted} of ${count.admitted + refused}; ${least} to ${most} should be` };
}

/** k6, Envoy and Weir must have seen the same. */
function sameCounts({ buckets }: Scenario, { k6, envoy, weir }: Seen): readonly Check[] {
  const sum = (what: "admitted" | "refused", names: readonly string[]): number =>
    names.reduce((total, name) => total + (k6.buckets[name]?.[what] ?? 0), 0);
  const all = Object.keys(buckets);
  const rules = [...new Set(Object.values(buckets).map(({ rule }) => rule))].filter((rule) => rule !== "");
  const byRule = rules.flatMap((rule) => {
    const names = all.filter((name) => buckets[name]?.rule === rule);
    const compare = (counted: number, what: "admitted" | "refused"): Check => {
      const asked = sum(what, names);
      const passed = Math.abs(counted - asked) <= envoy.errors;
      return { what: `Weir counts as ${what} by ${rule} what k6 saw`, passed, found: `${counted} and ${asked}` };
    };
    return [
      compare(weir.decisions(rule, "ok") + weir.decisions(rule, "unlimited"), "admitted"),
      compare(weir.decisions(rule, "over_limit"), "refused"),
    ];
  });
  return [
    equal("Envoy counts as let through what k6 saw", envoy.ok + envoy.letThrough, sum("admitted", all)),
    equal("Envoy counts as limited what k6 saw", envoy.overLimit, sum("refused", all)),
    ...byRule,
  ];
}
