import { describe, expect, it } from "vitest";
import { checksOf, notChecked, type Seen } from "../../../load/runner/checks.js";
import type { EnvoyFigures } from "../../../load/runner/envoy-figures.js";
import type { BucketCount, K6Summary } from "../../../load/runner/k6-summary.js";
import type { Scenario } from "../../../load/runner/scenarios.js";

/** A minute at 100 requests a second: 6,000 requests and 110 to get there. */
const STEADY: Scenario = {
  shows: "one of each kind of bucket",
  script: "none.js",
  rate: 100,
  seconds: 60,
  buckets: {
    slow: { kind: "limited", rule: "key=slow", burst: 10, perSecond: 2 },
    wide: { kind: "ample", rule: "key=wide" },
    free: { kind: "unlimited", rule: "path=/free" },
  },
};

/** As above, and beyond what can be answered in time; no bucket is without a limit. */
const OVERLOAD: Scenario = {
  ...STEADY,
  isOverload: true,
  buckets: { slow: STEADY.buckets.slow, wide: STEADY.buckets.wide } as Scenario["buckets"],
};

const TIMES = { p50: 1, p90: 1, p99: 1, p999: 1, longest: 1 };

// It began at 10,000 ms and ended 62 s later. The bucket of 10 and 2 a second was refused from 11,000 ms until 71,001 ms.
// So it let through 10 + 2 * 60 - 1 = 129 at least, and 10 + 2 * 62.001 = 134 at most.
const SLOW: BucketCount = { admitted: 131, refused: 480, untold: 0, firstRefused: 11_000, lastRefused: 71_001 };
const WIDE: BucketCount = { admitted: 4_888, refused: 0, untold: 0, firstRefused: Number.NaN, lastRefused: Number.NaN };
const FREE: BucketCount = { ...WIDE, admitted: 611, untold: 611 };

interface Figures {
  readonly k6: Partial<K6Summary>;
  readonly slow: Partial<BucketCount>;
  readonly wide: Partial<BucketCount>;
  readonly free: Partial<BucketCount>;
  readonly envoy: Partial<EnvoyFigures>;
  /** Of Weir, `rule outcome`. */
  readonly weir: Readonly<Record<string, number>>;
}

const DECISIONS = { "key=slow ok": 131, "key=slow over_limit": 480, "key=wide ok": 4_888, "path=/free unlimited": 611 };

/** A run of STEADY in which all is well, but for these figures. */
function seen({ k6, slow, wide, free, envoy, weir }: Partial<Figures> = {}): Seen {
  const buckets = { slow: { ...SLOW, ...slow }, wide: { ...WIDE, ...wide }, free: { ...FREE, ...free } };
  const run = { requests: 6_110, perSecond: 100, failed: 0, dropped: 0, began: 10_000, ended: 72_000, times: TIMES };
  const counted = { ok: 5_630, overLimit: 480, errors: 0, letThrough: 0, timeouts: 0, callTimes: "" };
  const decisions: Readonly<Record<string, number>> = { ...DECISIONS, ...weir };
  return {
    k6: { ...run, buckets, steps: [], ...k6 },
    envoy: { ...counted, ...envoy },
    weir: { decisions: (rule, outcome) => decisions[`${rule} ${outcome}`] ?? 0 },
    programs: [],
  };
}

/** A run of OVERLOAD in which Envoy let 300 requests through without an answer: 40 of the limited bucket, 260 others. */
function overloaded({ slow, wide, envoy, weir, ...rest }: Partial<Figures> = {}): Seen {
  return seen({
    ...rest,
    slow: { admitted: 168, untold: 40, ...slow },
    wide: { untold: 260, ...wide },
    envoy: { ok: 4_756, errors: 300, timeouts: 290, letThrough: 300, ...envoy },
    // Of the 40 Weir had admitted 5, refused 20 and failed to decide 3; the others never got to it. Likewise the 260.
    weir: { "key=slow ok": 133, "key=slow over_limit": 500, "key=slow failed": 3, "key=wide ok": 4_700, ...weir },
  });
}

function failures(scenario: Scenario, run: Seen): string[] {
  return checksOf(scenario, run)
    .filter(({ passed }) => !passed)
    .map(({ what, found }) => `${what}: ${found}`);
}

const ADMITTED = "slow: admitted what its rule allows";
const ENVOY_ADMITTED = "Envoy counts as let through what k6 saw";
const ENVOY_LIMITED = "Envoy counts as limited what k6 saw";
const UNDECIDED = "Envoy let through without an answer what k6 saw without a limit";

describe("a run at a constant rate", () => {
  it("passes when all figures are as the rules allow", () => {
    expect(failures(STEADY, seen())).toEqual([]);
    expect(checksOf(STEADY, seen()).map(({ what }) => what)).toEqual([
      "no request failed",
      "the rate was kept",
      "Envoy counts no call to Weir as an error",
      "Envoy counts no call to Weir as late",
      "Envoy let no request through for want of an answer",
      UNDECIDED,
      ADMITTED,
      "wide: admitted what its rule allows",
      "free: admitted what its rule allows",
      ENVOY_ADMITTED,
      ENVOY_LIMITED,
      "Weir counts as admitted by key=slow what k6 saw",
      "Weir counts as refused by key=slow what k6 saw",
      "Weir counts as admitted by key=wide what k6 saw",
      "Weir counts as refused by key=wide what k6 saw",
      "Weir counts as admitted by path=/free what k6 saw",
      "Weir counts as refused by path=/free what k6 saw",
    ]);
    expect(notChecked(STEADY)).toEqual([]);
  });

  it.each<[string, Partial<Figures>, string[]]>([
    ["a request failed", { k6: { failed: 1 } }, ["no request failed: 1, not 0"]],
    [
      "more than a hundredth of the requests was not made",
      { k6: { requests: 6_048 } },
      ["the rate was kept: 6048 requests were made, 6110 were due"],
    ],
    [
      "k6 had one user and made a seventh of its requests",
      { k6: { requests: 873 } },
      ["the rate was kept: 873 requests were made, 6110 were due"],
    ],
    [
      "more requests were made than were due",
      { k6: { requests: 6_172 } },
      ["the rate was kept: 6172 requests were made, 6110 were due"],
    ],
    ["Envoy counts an error", { envoy: { errors: 1 } }, ["Envoy counts no call to Weir as an error: 1, not 0"]],
    ["Envoy counts a late call", { envoy: { timeouts: 1 } }, ["Envoy counts no call to Weir as late: 1, not 0"]],
    [
      "Envoy let a request through and counts one decided less",
      { envoy: { letThrough: 1, ok: 5_629 }, wide: { untold: 1 }, weir: { "key=wide ok": 4_887 } },
      ["Envoy let no request through for want of an answer: 1, not 0"],
    ],
    [
      "an answer tells no limit though Envoy counts all as decided",
      { slow: { untold: 1 } },
      [`${UNDECIDED}: 1, not 0`],
    ],
    ["Envoy counts one let through more than k6", { envoy: { ok: 5_631 } }, [`${ENVOY_ADMITTED}: 5631, not 5630`]],
    ["Envoy counts one let through less than k6", { envoy: { ok: 5_629 } }, [`${ENVOY_ADMITTED}: 5629, not 5630`]],
    ["Envoy counts one limited more than k6", { envoy: { overLimit: 481 } }, [`${ENVOY_LIMITED}: 481, not 480`]],
    ["Envoy counts one limited less than k6", { envoy: { overLimit: 479 } }, [`${ENVOY_LIMITED}: 479, not 480`]],
    ...Object.entries({ ...DECISIONS, "key=wide over_limit": 0 }).flatMap(([key, right]) =>
      [right + 1, right - 1]
        .filter((count) => count >= 0)
        .map((count): [string, Partial<Figures>, string[]] => {
          const [rule, outcome] = key.split(" ");
          const word = outcome === "over_limit" ? "refused" : "admitted";
          const what = `Weir counts as ${word} by ${rule} what k6 saw: ${count}, not ${right}`;
          return [`Weir counts ${count} of ${key} and k6 saw ${right}`, { weir: { [key]: count } }, [what]];
        }),
    ),
  ])("fails when %s", (_, figures, expected) => {
    expect(failures(STEADY, seen(figures))).toEqual(expected);
  });

  it.each([6_049, 6_171])("keeps its rate with %i of 6,110 requests, not a hundredth off", (requests) => {
    expect(failures(STEADY, seen({ k6: { requests } }))).toEqual([]);
  });
});

it("a run may be told to keep its rate less closely", () => {
  const tolerant = { ...STEADY, rateTolerance: 0.5 };
  expect(failures(tolerant, seen({ k6: { requests: 3_055 } }))).toEqual([]);
  expect(failures(tolerant, seen({ k6: { requests: 3_054 } }))).toHaveLength(1);
});

/** A run that differs in how many requests of the limited bucket were let through; all counted that. */
function admitting(admitted: number, slow: Partial<BucketCount> = {}): Seen {
  const envoy = { ok: 5_630 - 131 + admitted };
  return seen({ slow: { admitted, ...slow }, envoy, weir: { "key=slow ok": admitted } });
}

describe("what a limited bucket let through", () => {
  it.each([129, 134])("may be %i, the bounds of its rule", (admitted) => {
    expect(failures(STEADY, admitting(admitted))).toEqual([]);
  });

  it.each([128, 135])("may not be %i, one beyond them", (admitted) => {
    expect(failures(STEADY, admitting(admitted))).toEqual([
      `${ADMITTED}: ${admitted} of ${admitted + 480}; 129 to 134 should be`,
    ]);
  });

  it("shows nothing when none was let through", () => {
    expect(failures(STEADY, admitting(0))).toEqual([`${ADMITTED}: no request was let through`]);
  });

  it("shows nothing when none was refused", () => {
    const run = seen({
      slow: { refused: 0, firstRefused: Number.NaN, lastRefused: Number.NaN },
      envoy: { overLimit: 0 },
      weir: { "key=slow over_limit": 0 },
    });
    expect(failures(STEADY, run)).toEqual([
      `${ADMITTED}: 131, and none was refused: more load, or other rules, are needed`,
    ]);
  });

  it("shows nothing when the script does not count it", () => {
    const { slow: _, ...others } = seen().k6.buckets;
    expect(failures(STEADY, seen({ k6: { buckets: others } }))).toContain(`${ADMITTED}: no request was let through`);
  });
});

describe("a bucket that is never empty, or none", () => {
  it.each(["wide", "free"] as const)("%s: fails with a single refusal", (name) => {
    const rule = STEADY.buckets[name]?.rule;
    const run = seen({ [name]: { refused: 1 }, envoy: { overLimit: 481 }, weir: { [`${rule} over_limit`]: 1 } });
    const [{ admitted }] = name === "wide" ? [WIDE] : [FREE];
    expect(failures(STEADY, run)).toEqual([
      `${name}: admitted what its rule allows: ${admitted} of ${admitted + 1}; all should be`,
    ]);
  });

  it.each(["wide", "free"] as const)("%s: fails when nothing was let through", (name) => {
    expect(failures(STEADY, seen({ [name]: { admitted: 0 } }))).toContain(
      `${name}: admitted what its rule allows: no request was let through`,
    );
  });
});

describe("a run beyond what can be answered in time", () => {
  it("passes with late calls and requests that were not made, and says what it does not check", () => {
    expect(failures(OVERLOAD, overloaded({ k6: { requests: 4_000 } }))).toEqual([]);
    expect(notChecked(OVERLOAD)).toEqual([
      "that the rate was kept: this scenario goes beyond what the machine can do",
      "that Envoy counts no call to Weir as late or as an error: for the same reason",
    ]);
  });

  it.each<[string, Partial<Figures>, string[]]>([
    ["a request failed", { k6: { failed: 1 } }, ["no request failed: 1, not 0"]],
    [
      "Weir admitted more than the rule allows",
      { weir: { "key=slow ok": 135 } },
      [`${ADMITTED}: 135 of 648; 126 to 134 should be`],
    ],
    [
      "Weir admitted less than the rule allows, and its failed decisions do not explain it",
      { slow: { admitted: 165 }, envoy: { ok: 4_753 }, weir: { "key=slow ok": 125 } },
      [`${ADMITTED}: 125 of 645; 126 to 134 should be`],
    ],
    [
      "Envoy let more through without an answer than the buckets show",
      { envoy: { ok: 4_755, letThrough: 301 } },
      [`${UNDECIDED}: 300, not 301`],
    ],
    [
      "Envoy let less through without an answer than the buckets show",
      { envoy: { ok: 4_757, letThrough: 299 } },
      [`${UNDECIDED}: 300, not 299`],
    ],
    [
      "Weir refused less than k6 saw refused",
      { weir: { "key=slow over_limit": 479 } },
      ["Weir counts as refused by key=slow what k6 saw: 479; 480 to 520 should be"],
    ],
    [
      "Weir refused more than the bucket's own undecided requests explain, though not those of all buckets",
      { weir: { "key=slow over_limit": 521 } },
      ["Weir counts as refused by key=slow what k6 saw: 521; 480 to 520 should be"],
    ],
    [
      "Weir admitted less of a bucket than was let through with an answer",
      { weir: { "key=wide ok": 4_627 } },
      ["Weir counts as admitted by key=wide what k6 saw: 4627; 4628 to 4888 should be"],
    ],
    [
      "Weir admitted more of a bucket than was let through",
      { weir: { "key=wide ok": 4_889 } },
      ["Weir counts as admitted by key=wide what k6 saw: 4889; 4628 to 4888 should be"],
    ],
  ])("fails when %s", (_, figures, expected) => {
    expect(failures(OVERLOAD, overloaded(figures))).toEqual(expected);
  });
});

describe("requests that Envoy let through without an answer", () => {
  it("are of the bucket without a limit where no other shows them", () => {
    const figures = { envoy: { ok: 5_628, letThrough: 2 }, weir: { "path=/free unlimited": 609 } };
    expect(failures(STEADY, seen(figures))).toEqual(["Envoy let no request through for want of an answer: 2, not 0"]);
    const less = { ...figures, weir: { "path=/free unlimited": 608 } };
    expect(failures(STEADY, seen(less))).toContain(
      "Weir counts as admitted by path=/free what k6 saw: 608; 609 to 611 should be",
    );
  });
});
