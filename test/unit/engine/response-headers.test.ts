import { parseList } from "structured-headers";
import { describe, expect, it } from "vitest";
import type { Decision } from "../../../src/engine/decision.js";
import type { EngineSettings } from "../../../src/engine/engine.js";
import type { Descriptor } from "../../../src/engine/request.js";
import { MemoryStore } from "../../../src/stores/memory/memory-store.js";
import { StoreFailure } from "../../../src/stores/store.js";
import { descriptor, engineUnderTest } from "../../support/engine-under-test.js";

const RULES = `
domain: test
descriptors:
  - key: client
    rate_limit: { requests_per_unit: 30, unit: minute, burst: 5, name: per-client }
  - key: path
    value: /login
    descriptors:
      - { key: client, rate_limit: { requests_per_unit: 2, unit: minute } }
  - key: several
    rate_limits:
      - { requests_per_unit: 1, unit: second, unit_multiplier: 10 }
      - { requests_per_unit: 9, unit: hour, algorithm: fixed_window }
  - { key: twin, rate_limit: { requests_per_unit: 4, unit: day, name: per-client } }
  - { key: shadowed, shadow_mode: true, rate_limit: { requests_per_unit: 1, unit: hour } }
  - { key: banned, rate_limit: { requests_per_unit: 0, unit: day } }
  - { key: free, rate_limit: { unlimited: true } }
  - { key: quota, value: team, quota_mode: true, rate_limit: { requests_per_unit: 1, unit: hour, name: team } }
  - { key: quota, value: all, quota_mode: true, rate_limit: { requests_per_unit: 1, unit: minute, name: all } }
  - { key: 'odd"\\key', value: "zwölf\\n€ \\ud800", rate_limit: { requests_per_unit: 1, unit: hour } }
  - { key: long, value: "${"x".repeat(500)}", rate_limit: { requests_per_unit: 1, unit: hour } }
  - { key: huge, rate_limit: { requests_per_unit: 4294967295, unit: year, burst: 1000000000000000 } }
  - key: denied
    rate_limit: { requests_per_unit: 1, unit: hour }
    deny_response: { headers: { Retry-After: "7", x-a: b } }
  - key: never
    rate_limit: { requests_per_unit: 5, unit: minute, burst: 2 }
`;

const ALL = { responseHeaders: ["ratelimit", "ratelimit-policy", "retry-after", "rule"] } as const;

const bench = (settings: Partial<EngineSettings> = ALL) => engineUnderTest(RULES, settings);

function headersOf({ responseHeaders = [] }: Decision): Record<string, string> {
  const names = responseHeaders.map(({ key }) => key);
  expect(new Set(names).size).toBe(names.length);
  return Object.fromEntries(responseHeaders.map(({ key, value }) => [key, value]));
}

/** A field as a parser of structured fields reads it: the parameters of each policy by its name. */
function policies(field: string | undefined): Record<string, Record<string, unknown>> {
  const items = parseList(field ?? "").map(([name, parameters]) => [String(name), Object.fromEntries(parameters)]);
  expect(new Set(items.map(([name]) => name)).size).toBe(items.length);
  return Object.fromEntries(items);
}

/** The headers after so many of the same requests. */
function headersAfter(times: number, descriptors: readonly Descriptor[], settings?: Partial<EngineSettings>) {
  const { decide } = bench(settings);
  for (let i = 1; i < times; i++) decide(descriptors);
  return headersOf(decide(descriptors));
}

const login = [descriptor({ client: "a" }), descriptor({ path: "/login", client: "a" })];

describe("headers for the client", () => {
  it("are not there unless the setting names them", () => {
    expect(bench({}).decide(login)).not.toHaveProperty("responseHeaders");
    expect(bench({ responseHeaders: [] }).decide(login)).not.toHaveProperty("responseHeaders");
    expect(Object.keys(headersAfter(1, login, { responseHeaders: ["ratelimit"] }))).toEqual(["ratelimit"]);
    expect(Object.keys(headersAfter(3, login, { responseHeaders: ["retry-after"] }))).toEqual(["retry-after"]);
    expect(Object.keys(headersAfter(3, login, { responseHeaders: ["rule"], ruleHeader: "x-why" }))).toEqual(["x-why"]);
  });

  it("tell each limit and what is left of it when a request is let through", () => {
    const headers = headersAfter(1, login);
    expect(headers).toEqual({
      "ratelimit-policy": '"per-client";q=30;w=60;weir-burst=5, "path=/login > client";q=2;w=60',
      ratelimit: '"per-client";r=4;t=2, "path=/login > client";r=1;t=30',
    });
    expect(policies(headers.ratelimit)).toEqual({
      "per-client": { r: 4, t: 2 },
      "path=/login > client": { r: 1, t: 30 },
    });
    expect(policies(headers["ratelimit-policy"])).toMatchObject({ "per-client": { q: 30, w: 60, "weir-burst": 5 } });
  });

  it("tell of a refusal what refuses and for how long, and no time beyond Retry-After", () => {
    const headers = headersAfter(3, login);
    expect(headers).toMatchObject({ "retry-after": "30", "x-weir-rule": "path=/login > client" });
    expect(policies(headers.ratelimit)).toEqual({ "path=/login > client": { r: 0, t: 30 } });
    expect(Object.keys(policies(headers["ratelimit-policy"]))).toEqual(["per-client", "path=/login > client"]);
  });

  it("tell as envoyproxy/ratelimit does of the limit that refuses last, else of the one with the least left", () => {
    const responseHeaders = ["limit", "remaining", "reset"] as const;
    const names = { limitHeader: "x-limit", resetHeader: "retry-after" };
    const { decide } = bench({ responseHeaders, ...names });
    expect(headersOf(decide(login))).toEqual({ "x-limit": "2", "ratelimit-remaining": "1", "retry-after": "30" });
    decide(login);
    const refused = [descriptor({ banned: "x" }), ...login, descriptor({ free: "x" }), descriptor({ no: "rule" })];
    expect(headersOf(decide(refused))).toEqual({ "x-limit": "2", "ratelimit-remaining": "0", "retry-after": "30" });
    expect(decide([descriptor({ free: "x" }), descriptor({ no: "rule" })])).not.toHaveProperty("responseHeaders");
    expect(headersAfter(1, login, { responseHeaders: ["remaining"] })).toEqual({ "ratelimit-remaining": "1" });
  });

  it("tell those three of limits in shadow too, but never over a deny_response's own", () => {
    const settings = { responseHeaders: ["limit", "reset", "ratelimit"], globalShadow: true } as const;
    expect(headersAfter(3, [descriptor({ path: "/login", client: "a" })], settings)).toEqual({
      "ratelimit-limit": "2",
      "ratelimit-reset": "30",
    });
    expect(headersAfter(2, [descriptor({ shadowed: "x" })], { responseHeaders: ["remaining"] })).toEqual({
      "ratelimit-remaining": "0",
    });
    const own = { responseHeaders: ["limit", "reset"], resetHeader: "retry-after" } as const;
    expect(headersAfter(2, [descriptor({ denied: "x" })], own)).toEqual({ "ratelimit-limit": "1" });
  });

  it("keep to what they promise: the same request passes when Retry-After is over, and not a second before", () => {
    const { decide, clock } = bench();
    for (let i = 0; i < 3; i++) decide(login);
    const wait = Number(headersOf(decide(login))["retry-after"]);
    clock.nowMicros += (wait - 1) * 1_000_000;
    expect(decide(login).overallCode).toBe("OVER_LIMIT");
    clock.nowMicros += 1_000_000;
    expect(decide(login).overallCode).toBe("OK");
  });

  it("take the longest wait of several limits that refuse, and its rule", () => {
    const { decide } = bench();
    decide([descriptor({ several: "s" })]);
    for (let i = 0; i < 2; i++) decide([descriptor({ path: "/login", client: "a" })]);
    const both = headersOf(decide([descriptor({ several: "s" }), descriptor({ path: "/login", client: "a" })]));
    expect(both).toMatchObject({ "retry-after": "30", "x-weir-rule": "path=/login > client" });
    expect(policies(both.ratelimit)).toEqual({ several: { r: 0, t: 10 }, "path=/login > client": { r: 0, t: 30 } });
  });

  it("take the quota that is back first, since one is enough", () => {
    const quotas = [descriptor({ quota: "team" }), descriptor({ quota: "all" })];
    const headers = headersAfter(2, quotas);
    expect(headers).toMatchObject({ "retry-after": "60", "x-weir-rule": "quota=all" });
    expect(policies(headers.ratelimit)).toEqual({ all: { r: 0, t: 60 } });
    // One quota is used up, the other lets it through: nothing is refused.
    const { decide } = bench();
    decide([descriptor({ quota: "team" })]);
    expect(headersOf(decide(quotas))).not.toHaveProperty("retry-after");
  });

  it("give limits of one name, or of none in one rule, names of their own", () => {
    const headers = headersAfter(1, [
      descriptor({ several: "s" }),
      descriptor({ client: "a" }),
      descriptor({ twin: "t" }),
    ]);
    const told = policies(headers["ratelimit-policy"]);
    expect(Object.entries(told).map(([name, { q, w }]) => [name, q, w])).toEqual([
      ["several", 1, 10],
      ["several (2)", 9, 3600],
      ["per-client", 30, 60],
      ["per-client (2)", 4, 86_400],
    ]);
    expect(Object.keys(policies(headers.ratelimit))).toEqual(Object.keys(told));
  });

  it("tell the tightest of several buckets of one limit", () => {
    const { decide } = bench();
    for (let i = 0; i < 3; i++) decide([descriptor({ client: "b" })]);
    const headers = headersOf(decide([descriptor({ client: "a" }), descriptor({ client: "b" })]));
    expect(policies(headers.ratelimit)).toEqual({ "per-client": { r: 1, t: 8 } });
  });

  it("say nothing of limits in shadow, of unlimited rules and of no rule", () => {
    expect(
      headersAfter(3, [descriptor({ shadowed: "x" }), descriptor({ free: "x" }), descriptor({ no: "rule" })]),
    ).toEqual({});
    expect(headersAfter(9, login, { ...ALL, globalShadow: true })).toEqual({});
    expect(Object.keys(policies(headersAfter(1, [descriptor({ shadowed: "x" }), ...login]).ratelimit))).toHaveLength(2);
  });

  it("tell the period where waiting never helps, as the statuses do", () => {
    expect(headersAfter(1, [descriptor({ banned: "x" })])).toMatchObject({
      ratelimit: '"banned";r=0;t=86400',
      "retry-after": "86400",
    });
    const { decide } = bench();
    const headers = headersOf(decide([descriptor({ never: "x" })], { hitsAddend: 3 }));
    expect(headers).toMatchObject({ "retry-after": "60", ratelimit: '"never";r=2;t=60' });
  });

  it("stay within printable ASCII and the sizes of structured fields, whatever rules are called", () => {
    const odd = headersAfter(2, [descriptor({ 'odd"\\key': "zwölf\n€ \ud800" })]);
    for (const value of Object.values(odd)) expect(value).toMatch(/^[\x20-\x7e]+$/);
    expect(Object.keys(policies(odd.ratelimit))).toEqual(['odd"\\\\key=zw%C3%B6lf\\u000a%E2%82%AC %EF%BF%BD']);
    const [long] = Object.keys(policies(headersAfter(1, [descriptor({ long: "x".repeat(500) })]).ratelimit));
    expect(long).toHaveLength(128);
    const huge = headersAfter(1, [descriptor({ huge: "x" })]);
    expect(policies(huge["ratelimit-policy"])).toEqual({
      huge: { q: 4_294_967_295, w: 31_536_000, "weir-burst": 999_999_999_999_999 },
    });
    expect(policies(huge.ratelimit)).toMatchObject({ huge: { r: 999_999_999_999_999 } });
  });

  it("tell of an override as of any limit", () => {
    const limit = { requestsPerUnit: 3, unit: "minute", unitMultiplier: 2 } as const;
    expect(headersAfter(1, [descriptor({ client: "a" }, { limit })])).toEqual({
      "ratelimit-policy": '"(override)";q=3;w=120',
      ratelimit: '"(override)";r=2;t=40',
    });
    const tooLong = { requestsPerUnit: 3, unit: "year", unitMultiplier: 4_294_967_295 } as const;
    const told = policies(headersAfter(1, [descriptor({ client: "a" }, { limit: tooLong })])["ratelimit-policy"]);
    expect(told).toEqual({ "(override)": { q: 3, w: 1_125_899_906 } });
  });

  it("leave to a rule's own deny_response what it sets", () => {
    const { decide } = bench();
    decide([descriptor({ denied: "x" })]);
    const refused = decide([descriptor({ denied: "x" })]);
    expect(refused.denyResponse?.headers).toContainEqual({ key: "retry-after", value: "7" });
    expect(Object.keys(headersOf(refused))).toEqual(["ratelimit-policy", "ratelimit", "x-weir-rule"]);
  });

  it("are not there when the store has failed: nothing is known (D13)", async () => {
    const store = new MemoryStore();
    store.decide = () => {
      throw new StoreFailure("unavailable", "gone");
    };
    for (const onStoreFailure of ["allow", "deny"] as const) {
      const decision = await engineUnderTest(RULES, { ...ALL, onStoreFailure }, store).decide(login);
      expect(decision).not.toHaveProperty("responseHeaders");
    }
  });
});
