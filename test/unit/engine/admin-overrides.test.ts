import { describe, expect, it } from "vitest";
import type { Controls } from "../../../src/engine/controls.js";
import { type DescriptorOverride, OverrideIndex } from "../../../src/engine/override-index.js";
import type { Descriptor } from "../../../src/engine/request.js";
import { descriptor, engineUnderTest } from "../../support/engine-under-test.js";

const RULES = `
domain: test
descriptors:
  - key: client
    shadow_mode: true
    rate_limit: { requests_per_unit: 1, unit: hour }
  - key: window
    rate_limit: { requests_per_unit: 2, unit: hour, algorithm: fixed_window }
  - key: path
    value: /a
    descriptors:
      - key: client
        rate_limit: { requests_per_unit: 1, unit: hour }
`;

const hourly = (requestsPerUnit: number) => ({ requestsPerUnit, unit: "hour" as const, unitMultiplier: 1 });

function override(entries: Record<string, string>, limit: DescriptorOverride["limit"]): DescriptorOverride {
  return { domain: "test", descriptor: Object.entries(entries).map(([key, value]) => ({ key, value })), limit };
}

/** An engine, and what operators have decided. */
function engineWith(...overrides: DescriptorOverride[]) {
  const controls = { isPaused: false, overrides: new OverrideIndex(overrides) };
  const refused: string[] = [];
  const under = engineUnderTest(RULES, {}, undefined, {
    controls: controls as Controls,
    onRefused: (domain, entries, plan) => refused.push(`${domain} ${entries[0]?.value} ${plan.label}`),
  });
  const codes = (times: number, one: Descriptor): string[] =>
    Array.from({ length: times }, () => under.decide([one]).overallCode);
  return { ...under, controls, refused, codes };
}

describe("an operator's override", () => {
  it("limits its descriptor and no other, enforced whatever the rule's flags are", () => {
    const { codes, events, refused } = engineWith(override({ client: "a" }, hourly(2)));
    expect(codes(3, descriptor({ client: "a" }))).toEqual(["OK", "OK", "OVER_LIMIT"]);
    expect(codes(3, descriptor({ client: "b" }))).toEqual(["OK", "OK", "OK"]);
    expect(codes(3, descriptor({ client: "a", more: "x" }))).toEqual(["OK", "OK", "OK"]);
    expect(events.descriptors[2]).toMatchObject({ rule: "(admin override)", outcome: "over_limit" });
    expect(refused).toEqual(["test a (admin override)"]);
  });

  it("counts as its rule does, in the rule's own bucket where the period is the same", () => {
    const { codes, controls } = engineWith();
    const one = descriptor({ window: "a" });
    expect(codes(3, one)).toEqual(["OK", "OK", "OVER_LIMIT"]);
    controls.overrides = new OverrideIndex([override({ window: "a" }, { ...hourly(4), burst: 9 })]);
    // Only time adds tokens (D11): the window is spent.
    expect(codes(1, one)).toEqual(["OVER_LIMIT"]);
    controls.overrides = new OverrideIndex([override({ window: "b" }, { ...hourly(4), burst: 9 })]);
    expect(codes(5, descriptor({ window: "b" }))).toEqual(["OK", "OK", "OK", "OK", "OVER_LIMIT"]);
  });

  it("wins over the limit that a proxy sends along", () => {
    const { codes } = engineWith(override({ client: "a" }, { unlimited: true }));
    const limit = { requestsPerUnit: 0, unit: "hour" as const };
    expect(codes(2, descriptor({ client: "a" }, { limit }))).toEqual(["OK", "OK"]);
    expect(codes(1, descriptor({ client: "b" }, { limit }))).toEqual(["OVER_LIMIT"]);
  });

  it("is told as the limit in force, the same object each time", () => {
    const { decide } = engineWith(override({ path: "/a", client: "a" }, { ...hourly(3), burst: 5 }));
    const [first, second] = [1, 2].map(() => decide([descriptor({ path: "/a", client: "a" })]).statuses[0]);
    expect(first).toMatchObject({ currentLimit: { requestsPerUnit: 3, unit: "hour" }, limitRemaining: 4 });
    expect(second?.currentLimit).toBe(first?.currentLimit);
  });

  it("of the same descriptor counts as the later of two", () => {
    const { codes } = engineWith(override({ client: "a" }, hourly(0)), override({ client: "a" }, { unlimited: true }));
    expect(codes(1, descriptor({ client: "a" }))).toEqual(["OK"]);
  });
});

describe("overrides by digest", () => {
  const digest = (value: string): string => `#${value}`;

  it("meet values with that digest, beside overrides by value", () => {
    const byDigest = { domain: "test", descriptor: [{ key: "client", digest: "#a" }], limit: hourly(1) };
    const index = new OverrideIndex([byDigest, override({ client: "b" }, hourly(1))], digest);
    const met = ["a", "b", "#a", "c"].map((value) => index.find("test", [{ key: "client", value }]) !== undefined);
    expect(met).toEqual([true, true, false, false]);
  });

  it("meet nothing where values are seen", () => {
    const byDigest = { domain: "test", descriptor: [{ key: "client", digest: "#a" }], limit: hourly(1) };
    const index = new OverrideIndex([byDigest]);
    expect(["a", "#a", ""].map((value) => index.find("test", [{ key: "client", value }]))).toEqual([
      ...[undefined, undefined, undefined],
    ]);
  });
});

describe("a pause", () => {
  it("lets everything through, decides and charges as ever, and is over at once", () => {
    const { codes, controls, events, refused } = engineWith(override({ client: "a" }, hourly(1)));
    const one = descriptor({ client: "a" });
    controls.isPaused = true;
    expect(codes(3, one)).toEqual(["OK", "OK", "OK"]);
    expect(events.descriptors.map(({ outcome }) => outcome)).toEqual(["ok", "shadow_over_limit", "shadow_over_limit"]);
    controls.isPaused = false;
    expect(codes(1, one)).toEqual(["OVER_LIMIT"]);
    expect(refused).toHaveLength(1);
  });
});
