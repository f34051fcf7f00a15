import { between, type Check, equal } from "./check.js";
import type { EnvoyFigures } from "./envoy-figures.js";
import type { BucketCount, K6Summary } from "./k6-summary.js";
import { memoryChecks, SHORTEST_SOAK_SECONDS } from "./memory-checks.js";
import type { ProgramUse } from "./program-use.js";
import { requestsDue, type Scenario } from "./scenarios.js";
import type { WeirFigures } from "./weir-figures.js";

export interface Seen {
  readonly k6: K6Summary;
  readonly envoy: EnvoyFigures;
  readonly weir: Pick<WeirFigures, "decisions">;
  readonly programs: readonly ProgramUse[];
}

/** k6's clock tells whole milliseconds. */
const CLOCK_MILLIS = 1;

/** The share of the requests due by which a run may miss its rate unless it is told otherwise. */
const RATE_TOLERANCE = 0.01;

/** Holds what was seen against what the scenario allows. */
export function checksOf(scenario: Scenario, seen: Seen): readonly Check[] {
  return [
    equal("no request failed", seen.k6.failed, 0),
    ...(scenario.isOverload ? [] : [rateKept(scenario, seen.k6), ...inTime(seen.envoy)]),
    undecidedSeen(scenario, seen),
    ...Object.keys(scenario.buckets).map((name) => admittedCheck(name, scenario, seen)),
    ...sameCounts(scenario, seen),
    ...(checksMemory(scenario) ? memoryChecks(seen.programs) : []),
  ];
}

/** What this scenario leaves out of its checks, and why. */
export function notChecked(scenario: Scenario): readonly string[] {
  const overload = [
    "that the rate was kept: this scenario goes beyond what the machine can do",
    "that Envoy counts no call to Weir as late or as an error: for the same reason",
  ];
  const soak = [`that memory does not keep growing: a soak shorter than ${SHORTEST_SOAK_SECONDS} s does not show it`];
  return [...(scenario.isOverload ? overload : []), ...(scenario.isSoak && !checksMemory(scenario) ? soak : [])];
}

function checksMemory({ isSoak, seconds }: Scenario): boolean {
  return isSoak === true && seconds >= SHORTEST_SOAK_SECONDS;
}

function rateKept(scenario: Scenario, { requests }: K6Summary): Check {
  const due = requestsDue(scenario);
  const passed = Math.abs(requests - due) <= (scenario.rateTolerance ?? RATE_TOLERANCE) * due;
  return { what: "the rate was kept", passed, found: `${requests} requests were made, ${due} were due` };
}

function inTime({ errors, timeouts, letThrough }: EnvoyFigures): readonly Check[] {
  return [
    equal("Envoy counts no call to Weir as an error", errors, 0),
    equal("Envoy counts no call to Weir as late", timeouts, 0),
    equal("Envoy let no request through for want of an answer", letThrough, 0),
  ];
}

/** Requests with a rule that has a limit tell it, unless Envoy let them through without an answer from Weir. */
function undecidedOf(names: readonly string[], { buckets }: Scenario, { k6, envoy }: Seen): number {
  const tells = (name: string): boolean => buckets[name]?.kind !== "unlimited";
  const untold = (some: readonly string[]): number =>
    some.filter(tells).reduce((total, name) => total + (k6.buckets[name]?.untold ?? 0), 0);
  // Those of buckets that never tell a limit are the rest of what Envoy counts.
  const rest = names.every(tells) ? 0 : Math.max(0, envoy.letThrough - untold(Object.keys(buckets)));
  return untold(names) + rest;
}

/** So that what is allowed for below is no more than what Envoy counts. */
function undecidedSeen(scenario: Scenario, seen: Seen): Check {
  const undecided = undecidedOf(Object.keys(scenario.buckets), scenario, seen);
  return equal("Envoy let through without an answer what k6 saw without a limit", undecided, seen.envoy.letThrough);
}

/** How many a bucket must have let through at least and at most, by its rule and the times that k6 measured. */
function bounds({ began, ended }: K6Summary, count: BucketCount, burst: number, perSecond: number) {
  const longest = (ended + CLOCK_MILLIS - began) / 1000;
  // From the first refusal to the last the bucket was never full, so it let through all that time brought.
  const shortest = Math.max(0, (count.lastRefused - count.firstRefused - CLOCK_MILLIS) / 1000);
  return { least: Math.ceil(burst + perSecond * shortest - 1), most: Math.floor(burst + perSecond * longest) };
}

function admittedCheck(name: string, { buckets, isOverload }: Scenario, { k6, weir }: Seen): Check {
  const allowance = buckets[name];
  const count = k6.buckets[name];
  const what = `${name}: admitted what its rule allows`;
  if (allowance === undefined || count === undefined || count.admitted === 0) {
    return { what, passed: false, found: "no request was let through" };
  }
  const { refused } = count;
  if (allowance.kind !== "limited") {
    return { what, passed: refused === 0, found: `${count.admitted} of ${count.admitted + refused}; all should be` };
  }
  // Envoy lets through what Weir answers too late: then what Weir admitted is what counts.
  const admitted = isOverload ? weir.decisions(allowance.rule, "ok") : count.admitted;
  if (refused === 0) {
    return { what, passed: false, found: `${admitted}, and none was refused: more load, or other rules, are needed` };
  }
  const { least, most } = bounds(k6, count, allowance.burst, allowance.perSecond);
  // Redis may have taken tokens for decisions that Weir no longer waited for.
  const lost = isOverload ? weir.decisions(allowance.rule, "failed") : 0;
  const leastCounted = Math.max(0, least - lost);
  const passed = admitted >= leastCounted && admitted <= most;
  return { what, passed, found: `${admitted} of ${count.admitted + refused}; ${leastCounted} to ${most} should be` };
}

/** k6, Envoy and Weir must have seen the same. */
function sameCounts(scenario: Scenario, seen: Seen): readonly Check[] {
  const { buckets } = scenario;
  const { k6, envoy, weir } = seen;
  const sum = (what: "admitted" | "refused", names: readonly string[]): number =>
    names.reduce((total, name) => total + (k6.buckets[name]?.[what] ?? 0), 0);
  const all = Object.keys(buckets);
  const rules = [...new Set(Object.values(buckets).map(({ rule }) => rule))].filter((rule) => rule !== "");
  const byRule = rules.flatMap((rule) => {
    const names = all.filter((name) => buckets[name]?.rule === rule);
    // Weir may have decided what Envoy did not wait for either way, and k6 saw it let through.
    const undecided = undecidedOf(names, scenario, seen);
    const [admitted, refused] = [sum("admitted", names), sum("refused", names)];
    const counted = weir.decisions(rule, "ok") + weir.decisions(rule, "unlimited");
    return [
      between(`Weir counts as admitted by ${rule} what k6 saw`, counted, admitted - undecided, admitted),
      between(
        `Weir counts as refused by ${rule} what k6 saw`,
        weir.decisions(rule, "over_limit"),
        refused,
        refused + undecided,
      ),
    ];
  });
  return [
    equal("Envoy counts as let through what k6 saw", envoy.ok + envoy.letThrough, sum("admitted", all)),
    equal("Envoy counts as limited what k6 saw", envoy.overLimit, sum("refused", all)),
    ...byRule,
  ];
}
