import { describe, expect, it } from "vitest";
import { descriptor, engineUnderTest } from "../../support/engine-under-test.js";

const RULES = `
domain: test
descriptors:
  - key: client
    rate_limit: { requests_per_unit: 5, unit: minute }
  - key: other
    rate_limit: { requests_per_unit: 2, unit: hour, name: hourly, unit_multiplier: 3 }
  - key: free
    rate_limit: { unlimited: true }
  - key: pass
  - key: shadow
    shadow_mode: true
    rate_limit: { requests_per_unit: 1, unit: minute }
  - key: quota_a
    quota_mode: true
    rate_limit: { requests_per_unit: 1, unit: minute }
  - key: quota_b
    quota_mode: true
    rate_limit: { requests_per_unit: 2, unit: minute }
  - key: quota_shadow
    quota_mode: true
    shadow_mode: true
    rate_limit: { requests_per_unit: 1, unit: minute }
  - key: banned
    rate_limit: { requests_per_unit: 0, unit: day }
  - key: tokens
    rate_limit: { requests_per_unit: 100, unit: minute, max_debt: 50 }
  - key: shared
    value: "img/*"
    share_threshold: true
    rate_limit: { requests_per_unit: 3, unit: minute }
  - key: slow
    rate_limit: { requests_per_unit: 1, unit: year }
`;

const open = (settings = {}) => engineUnderTest(RULES, settings);
const client = (more = {}) => descriptor({ client: "a" }, more);

describe("D1: hits", () => {
  it("takes the request's hits where a descriptor has none, and 0 means 1", () => {
    const { decide } = open();
    expect(decide([client()]).statuses[0]?.limitRemaining).toBe(4);
    expect(decide([client()], { hitsAddend: 3 }).statuses[0]?.limitRemaining).toBe(1);
  });

  it("prefers a descriptor's own hits, and its 0 is a peek", () => {
    const { decide } = open();
    expect(decide([client({ hitsAddend: 2 })], { hitsAddend: 5 }).statuses[0]?.limitRemaining).toBe(3);
    expect(decide([client({ hitsAddend: 0 })], { hitsAddend: 5 }).statuses[0]?.limitRemaining).toBe(3);
  });
});

describe("D4: all or nothing", () => {
  it("charges nothing when one of the limits refuses", () => {
    const { decide } = open();
    decide([descriptor({ other: "x" })], { hitsAddend: 2 });
    const refused = decide([client(), descriptor({ other: "x" })]);
    expect(refused.overallCode).toBe("OVER_LIMIT");
    expect(refused.statuses.map((status) => status.code)).toEqual(["OK", "OVER_LIMIT"]);
    expect(refused.statuses[0]?.limitRemaining).toBe(5);
    expect(decide([client({ hitsAddend: 0 })]).statuses[0]?.limitRemaining).toBe(5);
  });

  it("adds up several descriptors on one bucket in order", () => {
    const { decide } = open();
    const taken = decide([client(), client(), client()]);
    expect(taken.statuses.map((status) => status.limitRemaining)).toEqual([4, 3, 2]);
    const refused = decide([client(), client(), client()]);
    expect(refused.statuses.map((status) => status.code)).toEqual(["OK", "OK", "OVER_LIMIT"]);
    expect(refused.statuses.map((status) => status.limitRemaining)).toEqual([2, 2, 2]);
  });

  it("refuses a request with quota limits only when none of them fits", () => {
    const { decide } = open();
    const both = [descriptor({ quota_a: "x" }), descriptor({ quota_b: "x" })];
    expect(decide(both).overallCode).toBe("OK");
    const second = decide(both);
    expect(second.overallCode).toBe("OK");
    expect(second.statuses.map((status) => status.code)).toEqual(["OVER_LIMIT", "OK"]);
    expect(decide(both).overallCode).toBe("OVER_LIMIT");
  });

  it("lets an enforced limit refuse whatever the quotas say", () => {
    const { decide } = open();
    const refused = decide([descriptor({ banned: "x" }), descriptor({ quota_b: "x" })]);
    expect(refused.overallCode).toBe("OVER_LIMIT");
    expect(decide([descriptor({ quota_b: "x" })]).statuses[0]?.limitRemaining).toBe(1);
  });

  it("treats every limit as a quota under global quota", () => {
    const { decide } = open({ globalQuota: true });
    expect(decide([descriptor({ banned: "x" }), client()]).overallCode).toBe("OK");
    expect(decide([descriptor({ banned: "x" })]).overallCode).toBe("OVER_LIMIT");
  });
});

describe("D5: cost after the fact", () => {
  const tokens = (hitsAddend: number) => descriptor({ tokens: "m" }, { hitsAddend });

  it("takes a cost that a peek announced in full, into debt, and then refuses peeks until it is paid back", () => {
    const { decide, clock } = open();
    expect(decide([tokens(0)]).overallCode).toBe("OK");
    const cost = decide([tokens(130)]);
    expect(cost.overallCode).toBe("OVER_LIMIT");
    expect(cost.statuses[0]).toMatchObject({ code: "OVER_LIMIT", limitRemaining: 0, durationUntilResetSeconds: 60 });
    const peek = decide([tokens(0)]);
    expect(peek.overallCode).toBe("OVER_LIMIT");
    expect(peek.statuses[0]?.durationUntilResetSeconds).toBe(18);
    clock.nowMicros += 18_000_000;
    expect(decide([tokens(0)]).overallCode).toBe("OK");
  });

  it("never goes below the debt that the rule allows", () => {
    const { decide } = open();
    decide([tokens(0)]);
    decide([tokens(1000)]);
    expect(decide([tokens(0)]).statuses[0]?.durationUntilResetSeconds).toBe(30);
  });

  it("takes a cost without a peek only when it fits", () => {
    const { decide } = open();
    expect(decide([tokens(130)]).overallCode).toBe("OVER_LIMIT");
    expect(decide([tokens(0)]).statuses[0]?.limitRemaining).toBe(100);
  });

  it("leaves no pending charge when the peek's request was refused", () => {
    const { decide } = open();
    expect(decide([tokens(0), descriptor({ banned: "x" })]).overallCode).toBe("OVER_LIMIT");
    expect(decide([tokens(130)]).statuses[0]?.code).toBe("OVER_LIMIT");
    expect(decide([tokens(0)]).statuses[0]?.limitRemaining).toBe(100);
  });

  it("takes an announced cost even where another limit refuses the call", () => {
    const { decide } = open();
    decide([tokens(0)]);
    expect(decide([tokens(40), descriptor({ banned: "x" })]).overallCode).toBe("OVER_LIMIT");
    expect(decide([tokens(0)]).statuses[0]?.limitRemaining).toBe(60);
  });
});

describe("D6 and D7: codes and statuses", () => {
  it("answers descriptors one to one with all that is known of their limit", () => {
    const { decide } = open();
    const { overallCode, statuses } = decide([
      descriptor({ nobody: "knows" }),
      descriptor({ other: "x" }),
      descriptor({ free: "x" }),
      descriptor({ pass: "x" }),
      descriptor({}),
    ]);
    expect(overallCode).toBe("OK");
    expect(statuses).toEqual([
      { code: "OK" },
      {
        code: "OK",
        currentLimit: { requestsPerUnit: 2, unit: "hour", unitMultiplier: 3, name: "hourly" },
        limitRemaining: 1,
        durationUntilResetSeconds: 5400,
      },
      { code: "OK", limitRemaining: 4294967295 },
      { code: "OK" },
      { code: "OK" },
    ]);
  });

  it("lets shadow rules through with the true remaining, and charges them", () => {
    const { decide, events } = open();
    decide([descriptor({ shadow: "x" })]);
    const second = decide([descriptor({ shadow: "x" })]);
    expect(second.overallCode).toBe("OK");
    expect(second.statuses[0]).toMatchObject({ code: "OK", limitRemaining: 0, durationUntilResetSeconds: 60 });
    expect(events.descriptors.map((event) => event.outcome)).toEqual(["ok", "shadow_over_limit"]);
  });

  it("counts a shadow quota as one that fits", () => {
    const { decide } = open();
    const both = [descriptor({ quota_a: "x" }), descriptor({ quota_shadow: "x" })];
    for (let i = 0; i < 3; i++) expect(decide(both).overallCode).toBe("OK");
  });

  it("decides, charges and fills statuses under global shadow as if enforced, and answers OK", () => {
    const { decide, events } = open({ globalShadow: true });
    expect(decide([client()], { hitsAddend: 5 }).overallCode).toBe("OK");
    const over = decide([client()]);
    expect(over).toMatchObject({ overallCode: "OK", statuses: [{ code: "OVER_LIMIT", limitRemaining: 0 }] });
    expect(events.descriptors.at(-1)?.outcome).toBe("shadow_over_limit");
  });

  it("rounds the reset up to a whole second, at least one when over the limit", () => {
    const { decide, clock } = open();
    expect(decide([client()]).statuses[0]?.durationUntilResetSeconds).toBe(12);
    clock.nowMicros += 1;
    expect(decide([client({ hitsAddend: 0 })]).statuses[0]?.durationUntilResetSeconds).toBe(12);
    decide([client()], { hitsAddend: 4 });
    clock.nowMicros += 11_999_998;
    expect(decide([client()])).toMatchObject({ statuses: [{ code: "OVER_LIMIT", durationUntilResetSeconds: 1 }] });
    clock.nowMicros += 1;
    expect(decide([client()]).overallCode).toBe("OK");
  });

  it("tells the period when the hits can never fit, and counts that apart unless it is a ban (D14)", () => {
    const { decide, events } = open();
    expect(decide([client()], { hitsAddend: 6 }).statuses[0]).toMatchObject({
      code: "OVER_LIMIT",
      durationUntilResetSeconds: 60,
    });
    expect(decide([descriptor({ banned: "x" })]).statuses[0]).toMatchObject({
      code: "OVER_LIMIT",
      limitRemaining: 0,
      durationUntilResetSeconds: 86_400,
    });
    expect(events.descriptors.map((event) => event.outcome)).toEqual(["never_fits", "over_limit"]);
  });

  it("keeps its exactness at one request a year", () => {
    const { decide, clock } = open();
    const slow = [descriptor({ slow: "x" })];
    decide(slow);
    clock.nowMicros += 31_536_000_000_000 - 1;
    expect(decide(slow).statuses[0]).toMatchObject({ code: "OVER_LIMIT", durationUntilResetSeconds: 1 });
    clock.nowMicros += 1;
    expect(decide(slow).overallCode).toBe("OK");
  });
});

describe("D8: refunds", () => {
  const refund = (hitsAddend: number) => client({ hitsAddend, isNegativeHits: true });

  it("gives hits back, up to the burst, and answers OK", () => {
    const { decide } = open();
    decide([client()], { hitsAddend: 3 });
    expect(decide([refund(2)])).toMatchObject({ overallCode: "OK", statuses: [{ code: "OK", limitRemaining: 4 }] });
    expect(decide([refund(9)]).statuses[0]?.limitRemaining).toBe(5);
  });

  it("happens even when the request is refused", () => {
    const { decide } = open();
    decide([client()], { hitsAddend: 3 });
    expect(decide([refund(1), descriptor({ banned: "x" })]).overallCode).toBe("OVER_LIMIT");
    expect(decide([client({ hitsAddend: 0 })]).statuses[0]?.limitRemaining).toBe(3);
  });
});

describe("D12: buckets", () => {
  it("has one bucket for all values of a pattern that shares its threshold, else one for each value", () => {
    const { decide } = open();
    decide([descriptor({ shared: "img/a" })]);
    expect(decide([descriptor({ shared: "img/b" })]).statuses[0]?.limitRemaining).toBe(1);
    decide([client()]);
    expect(decide([descriptor({ client: "b" })]).statuses[0]?.limitRemaining).toBe(4);
  });
});
