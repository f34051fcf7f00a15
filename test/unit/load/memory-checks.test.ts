import { describe, expect, it } from "vitest";
import { checksOf, notChecked } from "../../../load/runner/checks.js";
import { memoryChecks } from "../../../load/runner/memory-checks.js";
import { type ProgramUse, useOf } from "../../../load/runner/program-use.js";
import { SCENARIOS, type Scenario } from "../../../load/runner/scenarios.js";

/** What a program used that had so many megabytes at each look. */
function programOf(name: string, megabytes: readonly number[]): ProgramUse {
  return useOf(
    name,
    megabytes.map((each, index) => ({ atSeconds: index, cpuSeconds: index / 4, residentBytes: each * 1_000_000 })),
  );
}

describe("what a program used", () => {
  it("is its share of a core, its memory now and then, and the means of the last two thirds", () => {
    expect(programOf("weir 1", [50, 60, 90, 100, 120, 100, 101, 103, 102])).toEqual({
      name: "weir 1",
      cores: 0.25,
      residentBytes: [50_000_000, 120_000_000, 102_000_000, 120_000_000],
      middleThirdBytes: (320 * 1_000_000) / 3,
      lastThirdBytes: 102_000_000,
    });
  });

  it("is nothing when it was never seen", () => {
    expect(programOf("k6", [])).toMatchObject({ cores: 0, residentBytes: [0, 0, 0, 0], lastThirdBytes: Number.NaN });
  });
});

describe("memory in a soak", () => {
  const failures = (...programs: readonly ProgramUse[]): string[] =>
    memoryChecks(programs)
      .filter(({ passed }) => !passed)
      .map(({ what, found }) => `${what}: ${found}`);

  it("may grow at first, and then by a tenth", () => {
    expect(failures(programOf("weir 1", [50, 70, 90, 100, 100, 100, 110, 109, 111]))).toEqual([]);
    expect(failures(programOf("weir 1", [100, 100, 100, 120, 120, 120, 90, 90, 90]))).toEqual([]);
  });

  it("may not go on growing by more than that", () => {
    expect(failures(programOf("weir 1", [80, 85, 90, 95, 100, 105, 110, 111, 112]))).toEqual([
      "weir 1: memory does not keep growing: 100.0 MB on average in the middle third, 111.0 MB in the last; at most 10 % more should be",
    ]);
  });

  it("is looked at in every Weir, and in no other program", () => {
    const [steady, growing] = [Array<number>(9).fill(100), [100, 100, 100, 100, 100, 100, 200, 200, 200]];
    const found = failures(programOf("weir 1", steady), programOf("weir 2", growing), programOf("k6", growing));
    expect(found.map((line) => line.split(":")[0])).toEqual(["weir 2"]);
  });

  it("fails when no Weir was seen, or too rarely", () => {
    expect(failures(programOf("k6", [1, 1, 1]))).toEqual(["memory does not keep growing: no Weir was watched"]);
    expect(failures(programOf("weir 1", []))).toHaveLength(1);
  });

  it("is checked by a soak of three minutes or more, and a shorter one says that it is not", () => {
    const soak = SCENARIOS.soak as Scenario;
    const run = {
      k6: { requests: 0, perSecond: 0, failed: 0, dropped: 0, began: 0, ended: 0, buckets: {}, steps: [] },
      envoy: { ok: 0, overLimit: 0, errors: 0, letThrough: 0, timeouts: 0, callTimes: "" },
      weir: { decisions: () => 0 },
      programs: [programOf("weir 1", [1, 1, 1])],
    };
    const times = { p50: 0, p90: 0, p99: 0, p999: 0, longest: 0 };
    const checked = (scenario: Scenario): boolean =>
      checksOf(scenario, { ...run, k6: { ...run.k6, times } }).some(({ what }) => what.includes("memory"));
    expect([checked(soak), notChecked(soak)]).toEqual([true, []]);
    expect(checked({ ...soak, seconds: 180 })).toBe(true);
    const short = { ...soak, seconds: 179 };
    expect(checked(short)).toBe(false);
    expect(notChecked(short)).toEqual([
      "that memory does not keep growing: a soak shorter than 180 s does not show it",
    ]);
    expect(checked(SCENARIOS.mixed as Scenario)).toBe(false);
  });
});
