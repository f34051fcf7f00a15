import { describe, expect, it } from "vitest";
import { type DescriptorPlan, encodeConfig, encodeDescriptor, Message } from "../../../support/rate-limit-config.js";
import { labelMet } from "../compiled.js";
import { accept } from "./accepted.js";

const LIMIT = { unit: 1, requests: 5 };

/** Descriptors in each other, the innermost with what is given. */
function nested(levels: number, innermost: DescriptorPlan): DescriptorPlan {
  return levels === 1 ? innermost : { key: "k", descriptors: [nested(levels - 1, innermost)] };
}

describe("a resource", () => {
  it("says all that a rules file of envoyproxy/ratelimit could say", () => {
    const { domain, faults, files } = accept([
      {
        name: "n",
        domain: "d",
        descriptors: [
          {
            key: "a",
            value: "x*",
            limit: { unit: 7, requests: 4_294_967_295, name: "weekly", replaces: ["hourly"] },
            shadow: true,
            detailed: true,
            quota: true,
            metadata: { __proto__x: [1.5, null, { deep: true }], text: "t" },
            descriptors: [{ key: "b", limit: { unlimited: true } }],
          },
          { key: "c", limit: { unit: 3, requests: 0, name: "hourly" } },
          { key: "let", value: "through" },
        ],
      },
    ]);
    expect(faults).toEqual([]);
    expect(files.map(({ path }) => path)).toEqual(["xds:n"]);
    expect(domain("d")?.rules).toMatchObject([
      {
        label: "a=x*",
        shadowMode: true,
        detailedMetric: true,
        quotaMode: true,
        metadata: { __proto__x: [1.5, null, { deep: true }], text: "t" },
        limits: [{ name: "weekly", unit: "week", requestsPerUnit: 4_294_967_295, replaces: ["hourly"] }],
        position: { file: "xds:n", line: 3, column: 5 },
      },
      { label: "a=x* > b", limits: [{ unlimited: true }] },
      { label: "c", limits: [{ unit: "hour", requestsPerUnit: 0 }] },
      { label: "let=through", limits: [] },
    ]);
  });

  it.each([
    [1, "second"],
    [2, "minute"],
    [3, "hour"],
    [4, "day"],
    [5, "month"],
    [6, "year"],
    [7, "week"],
  ])("has unit %i as %s", (unit, name) => {
    const { domain } = accept([{ domain: "d", descriptors: [{ key: "a", limit: { unit, requests: 1 } }] }]);
    expect(domain("d")?.rules[0]?.limits).toMatchObject([{ unit: name }]);
  });

  it("keeps metadata whose keys are those of all objects to itself", () => {
    const metadata = Object.fromEntries([
      ["__proto__", 1],
      ["constructor", "x"],
    ]);
    const { domain, faults } = accept([{ domain: "d", descriptors: [{ key: "a", limit: LIMIT, metadata }] }]);
    expect(faults).toEqual([]);
    expect(Object.entries(domain("d")?.rules[0]?.metadata ?? {})).toEqual([
      ["__proto__", 1],
      ["constructor", "x"],
    ]);
    expect(({} as Record<string, unknown>).x).toBeUndefined();
  });

  it("may have a name as long as Kubernetes allows, and is told apart from others that begin like it", () => {
    const name = ["n".repeat(63), "g".repeat(253), "l".repeat(253)].join("/");
    const { files } = accept([1, 2].map((each) => ({ name: `${name}${each}`, domain: `d${each}` })));
    expect(files.map(({ path }) => path)).toEqual([`xds:${name}1`, `xds:${name}2`]);
  });

  it("may have fields that nobody knows yet, of every form, anywhere", () => {
    const descriptor = new Message()
      .text(1, "a")
      .bytes(3, new Message().varint(1, 1).varint(2, 5).varint(90, 1).finish())
      .double(91, 1)
      .text(9, "what may come")
      .finish();
    const bytes = new Message().text(2, "d").varint(1, 7).bytes(3, descriptor).bytes(17, descriptor).finish();
    const { domain, faults } = accept([bytes]);
    expect(faults).toEqual([]);
    expect(domain("d")?.rules).toMatchObject([{ label: "a", limits: [{ requestsPerUnit: 5 }] }]);
  });

  it("adds up a limit that comes in parts, as proto3 has it", () => {
    const parts = new Message()
      .text(1, "a")
      .bytes(3, new Message().varint(1, 1).varint(2, 5).finish())
      .bytes(3, new Message().varint(2, 6).finish())
      .finish();
    const { domain } = accept([new Message().text(2, "d").bytes(3, parts).finish()]);
    expect(domain("d")?.rules).toMatchObject([{ limits: [{ unit: "second", requestsPerUnit: 6 }] }]);
  });

  it("is met as Envoy Gateway means it, in one domain of many", () => {
    const gateway = Array.from({ length: 40 }, (_, index) => ({
      name: `default/eg-${index}/http`,
      domain: `default/eg-${index}/http`,
      descriptors: [
        {
          key: "httproute/default/shop/rule/0/match/0/*",
          value: "httproute/default/shop/rule/0/match/0/*",
          descriptors: [
            { key: "rule-0-match-0", value: "rule-0-match-0", limit: { unit: 2, requests: 3 } },
            { key: "rule-1-match--1", value: "rule-1-match--1", limit: { unit: 3, requests: 10 + index } },
            {
              key: "masked_remote_address",
              value: "192.168.0.0/16",
              descriptors: [{ key: "remote_address", limit: { unit: 1, requests: 5 } }],
            },
          ],
        },
      ],
    }));
    const { domain, faults } = accept(gateway);
    expect(faults).toEqual([]);
    const rules = domain("default/eg-17/http");
    if (rules === undefined) throw new Error("the domain is missing");
    const route = "httproute/default/shop/rule/0/match/0/*=httproute/default/shop/rule/0/match/0/*";
    expect(labelMet(rules, route, "rule-1-match--1=rule-1-match--1")).toContain("rule-1-match--1");
    expect(rules.rules[1]?.limits).toMatchObject([{ requestsPerUnit: 27 }]);
    const client = ["masked_remote_address=192.168.0.0/16", "remote_address=192.168.3.4"];
    expect(labelMet(rules, route, ...client)).toContain("> remote_address");
    expect(labelMet(rules, route, "rule-0-match-0=other")).toBeUndefined();
  });
});

describe("what is wrong with a resource", () => {
  it("is told with the place in its rules file and the descriptors on the way", () => {
    const { faults } = accept([
      {
        name: "default/eg/http",
        domain: "default/eg/http",
        descriptors: [
          {
            key: "a",
            descriptors: [
              { key: "b", limit: LIMIT },
              { key: "rule-1", value: "x", limit: { requests: 1 } },
            ],
          },
          { value: "v", limit: { unit: 99, requests: 1 } },
        ],
      },
    ]);
    expect(faults).toEqual([
      'xds:default/eg/http:9:9: descriptors[0] (key "a") > descriptors[1] (key "rule-1", value "x"): unit is required: second, minute, hour, day, week, month or year (or unlimited: true)',
      'xds:default/eg/http:10:5: descriptors[1] (value "v"): key is required',
      'xds:default/eg/http:11:25: descriptors[1] (value "v"): unit must be second, minute, hour, day, week, month or year, not "99"',
    ]);
  });

  it.each<[string, DescriptorPlan, string]>([
    ["unlimited with a unit", { key: "a", limit: { unlimited: true, unit: 1 } }, "an unlimited limit has no unit"],
    [
      "replacing itself",
      { key: "a", limit: { ...LIMIT, name: "n", replaces: ["n"] } },
      "a limit cannot replace itself",
    ],
    ["replacing nothing", { key: "a", limit: { ...LIMIT, replaces: [""] } }, "name must not be empty"],
    ["the same twice", { key: "a", descriptors: [{ key: "b" }, { key: "b" }] }, "is here already: xds:d:5:9"],
  ])("is found as in a file: %s", (_name, descriptor, words) => {
    expect(accept([{ domain: "d", descriptors: [descriptor] }]).faults.join("\n")).toContain(words);
  });

  it("is a warning where it is one in a file", () => {
    const { faults, domain } = accept([
      {
        domain: "d",
        descriptors: [
          { key: "a", value: "*", limit: { ...LIMIT, replaces: ["nobody"] } },
          { key: "a", value: "b*", limit: LIMIT },
          { key: "c", shadow: true },
        ],
      },
    ]);
    expect(faults).toEqual([
      expect.stringMatching(/^xds:d:5:\d+: warning: descriptors\[0\] .*replaces names "nobody"/),
      expect.stringMatching(/^xds:d:6:5: warning: descriptors\[1\] .*never met: the value "\*" at xds:d:3:5/),
      expect.stringMatching(/^xds:d:10:5: warning: descriptors\[2\] \(key "c"\): shadow_mode has no effect/),
    ]);
    expect(domain("d")?.rules).toHaveLength(3);
  });

  it("is that it has no domain, or no name at all", () => {
    expect(accept([{ name: "n" }]).faults).toEqual(["xds:n:1:1: domain is required"]);
    expect(accept([{ domain: "good" }, {}]).faults).toEqual(["xds:#2:1:1: domain is required"]);
  });

  it("cannot put control characters into a log by its name", () => {
    const { faults } = accept([{ name: "a\n\u001b[31mb", descriptors: [] }]);
    expect(faults).toEqual(["xds:a\\u000a\\u001b[31mb:1:1: domain is required"]);
  });
});

describe("hostile bytes", () => {
  const good = encodeConfig({ name: "n", domain: "d", descriptors: [{ key: "a", value: "b", limit: LIMIT }] });

  it("that end too early are refused by name where that could be read, wherever they end", () => {
    let refused = 0;
    for (let length = 4; length < good.length; length++) {
      const { files, faults } = accept([good.subarray(0, length)]);
      refused += 1 - files.length;
      // Where a field has just ended what is there is a whole message.
      if (files.length === 0) expect(faults.join()).toMatch(/^xds:n:1:1: (not a RateLimitConfig: |domain is required)/);
    }
    expect(refused).toBe(good.length - 5);
  });

  it("that nest too deeply are refused as a file is, long before the stack ends", () => {
    const [depth, tooDeep] = [31, 32].map((levels) => {
      return accept([{ domain: "d", descriptors: [nested(levels, { key: "x", limit: LIMIT })] }]);
    });
    expect(depth?.faults).toEqual([]);
    expect(tooDeep?.faults.join()).toContain("xds:d:1:1: nested too deeply: at most 64 levels");
    let bytes = encodeDescriptor({ key: "x" });
    for (let level = 0; level < 20_000; level++) bytes = new Message().bytes(4, bytes).finish();
    const config = new Message().text(2, "d").bytes(3, bytes).finish();
    expect(accept([config]).faults.join()).toContain("nested too deeply");
  });

  it("whose metadata nests too deeply are refused", () => {
    let metadata: Record<string, unknown> = {};
    for (let level = 0; level < 59; level++) metadata = { m: metadata };
    const config = (inside: object) => ({
      domain: "d",
      descriptors: [{ key: "a", limit: LIMIT, metadata: { inside } }],
    });
    expect(accept([config(metadata)]).faults).toEqual([]);
    expect(accept([config({ m: metadata })]).faults.join()).toContain("nested too deeply");
    expect(accept([config([[metadata]])]).faults.join()).toContain("nested too deeply");
  });

  it("that are text in another encoding are refused", () => {
    const descriptor = new Message().bytes(1, Uint8Array.of(0xc3, 0x28)).finish();
    const { faults } = accept([new Message().text(1, "n").text(2, "d").bytes(3, descriptor).finish()]);
    expect(faults).toEqual(["xds:n:1:1: not a RateLimitConfig: a string is not valid UTF-8"]);
  });

  it("with numbers that JSON has not are refused", () => {
    const metadata = { number: Number.POSITIVE_INFINITY };
    const { faults } = accept([{ domain: "d", descriptors: [{ key: "a", limit: LIMIT, metadata }] }]);
    expect(faults).toEqual(["xds:d:1:1: metadata has Infinity, a number that JSON does not have"]);
  });

  it("that begin groups, which proto3 has not, are refused and not followed", () => {
    const groups = new Uint8Array(100_000).fill(0x33);
    expect(accept([groups]).faults).toEqual(["xds:#1:1:1: not a RateLimitConfig: unsupported wire type 3"]);
  });

  it("are refused from the first byte beyond 16 MiB in all resources together", () => {
    const large = new Message()
      .text(2, "large")
      .bytes(99, new Uint8Array(16 * 2 ** 20 - 100))
      .finish();
    const { files, faults } = accept([large, { domain: "small", descriptors: [{ key: "k".repeat(100) }] }]);
    expect(files.map(({ path }) => path)).toEqual(["xds:large"]);
    expect(faults).toEqual([expect.stringMatching(/^xds:#2:1:1: too large: .* all resources together .* 16 MiB/)]);
  });
});
