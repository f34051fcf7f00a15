import { describe, expect, it } from "vitest";
import { descriptor, engineUnderTest } from "../../support/engine-under-test.js";

const RULES = `
domain: test
descriptors:
  - key: client
    rate_limit: { requests_per_unit: 5, unit: minute }
  - key: several
    rate_limits:
      - { requests_per_unit: 3, unit: minute, name: first }
      - { requests_per_unit: 2, unit: minute, name: second }
      - { requests_per_unit: 2, unit: minute, name: third }
  - key: mixed
    rate_limits:
      - { requests_per_unit: 1, unit: hour, name: slow }
      - { requests_per_unit: 9, unit: minute, name: fast }
  - key: latest
    rate_limits:
      - { requests_per_unit: 1, unit: minute, name: sooner }
      - { requests_per_unit: 1, unit: hour, name: later }
      - { requests_per_unit: 1, unit: minute, unit_multiplier: 60, name: as-late }
  - key: path
    value: "a/*"
    share_threshold: true
    rate_limit: { requests_per_unit: 5, unit: minute }
  - key: path
    value: "b/*"
    share_threshold: true
    rate_limit: { requests_per_unit: 5, unit: minute }
`;

const named = (entries: Record<string, string>) => {
  const bench = engineUnderTest(RULES);
  return (hitsAddend = 1) => bench.decide([descriptor(entries)], { hitsAddend }).statuses[0];
};

describe("the status of a descriptor with several limits (D7)", () => {
  it("tells the smallest remaining, and the first of those that have it", () => {
    expect(named({ several: "x" })()).toMatchObject({ currentLimit: { name: "second" }, limitRemaining: 1 });
  });

  it("tells the limit that refuses, though others have less left", () => {
    const status = named({ mixed: "x" });
    expect(status()).toMatchObject({ code: "OK", currentLimit: { name: "slow" }, limitRemaining: 0 });
    expect(status(9)).toMatchObject({ code: "OVER_LIMIT", currentLimit: { name: "slow" } });
  });

  it("tells of those that refuse the one with the latest reset, and the first of those that are as late", () => {
    const status = named({ latest: "x" });
    status();
    expect(status()).toMatchObject({
      code: "OVER_LIMIT",
      currentLimit: { name: "later" },
      durationUntilResetSeconds: 3600,
    });
  });
});

describe("the reset of a status", () => {
  it("is 0 when OK and full, and at least a second when over the limit", () => {
    const { decide } = engineUnderTest(RULES);
    const peek = descriptor({ client: "a" }, { hitsAddend: 0 });
    expect(decide([peek]).statuses[0]).toMatchObject({ code: "OK", durationUntilResetSeconds: 0 });
    // Each would fit alone, and nothing is charged: the second waits for nothing but the next request.
    const three = descriptor({ client: "b" }, { hitsAddend: 3 });
    expect(decide([three, three]).statuses).toMatchObject([
      { code: "OK", durationUntilResetSeconds: 0 },
      { code: "OVER_LIMIT", limitRemaining: 5, durationUntilResetSeconds: 1 },
    ]);
  });
});

describe("buckets of patterns that share their threshold (D12)", () => {
  it("are not those of other patterns", () => {
    const { decide } = engineUnderTest(RULES);
    decide([descriptor({ path: "a/1" })]);
    expect(decide([descriptor({ path: "a/2" })]).statuses[0]?.limitRemaining).toBe(3);
    expect(decide([descriptor({ path: "b/1" })]).statuses[0]?.limitRemaining).toBe(4);
  });
});

describe("an override (D9)", () => {
  it("has the period of its unit times its multiplier", () => {
    const { decide } = engineUnderTest(RULES);
    const limit = { requestsPerUnit: 4, unit: "hour", unitMultiplier: 2 } as const;
    expect(decide([descriptor({ any: "x" }, { limit })]).statuses[0]?.durationUntilResetSeconds).toBe(1800);
  });

  it("is not sought where a descriptor has no entries (D10)", () => {
    const { decide } = engineUnderTest(RULES);
    const limit = { requestsPerUnit: 0, unit: "hour" } as const;
    expect(decide([descriptor({}, { limit })])).toEqual({ overallCode: "OK", statuses: [{ code: "OK" }] });
  });

  it("is counted as ignored only where there is one that cannot be used", () => {
    const { decide, events } = engineUnderTest(RULES);
    const good = { requestsPerUnit: 1, unit: "hour" } as const;
    decide([descriptor({ client: "x" }), descriptor({ client: "y" }, { limit: good })]);
    expect(events.overridesIgnored).toEqual([]);
  });
});

describe("dynamic metadata of a request (WEIR_RESPONSE_DYNAMIC_METADATA)", () => {
  it("is sent for an unknown domain too, and leaves out what was not sent", () => {
    const { decide } = engineUnderTest(RULES, { responseDynamicMetadata: true });
    const decision = decide([descriptor({ a: "b" })], { domain: "nope" });
    expect(decision).toStrictEqual({
      overallCode: "OK",
      statuses: [{ code: "OK" }],
      dynamicMetadata: { domain: "nope", descriptors: [{ entries: ["a=b"] }] },
    });
  });

  it("describes an override in the text form of protocol buffers", () => {
    const { decide } = engineUnderTest(RULES, { responseDynamicMetadata: true });
    const limits = [{ requestsPerUnit: 3, unit: "week", unitMultiplier: 2 }, { requestsPerUnit: 3 }] as const;
    const described = limits.map((limit) => decide([descriptor({ a: "b" }, { limit })]).dynamicMetadata?.descriptors);
    expect(described).toEqual([
      [{ entries: ["a=b"], limit: "requests_per_unit:3 unit:WEEK unit_multiplier:{value:2}" }],
      [{ entries: ["a=b"], limit: "requests_per_unit:3" }],
    ]);
  });
});
