import { describe, expect, it } from "vitest";
import type { ConfigPlan } from "../../../support/rate-limit-config.js";
import { accept } from "./accepted.js";

const LIMIT = { unit: 1, requests: 5 };
const BROKEN = { key: "broken", limit: {} };

/** A resource with a limit for each key, or with one that has no unit. */
const config = (name: string, ...keys: string[]): ConfigPlan => ({
  name,
  domain: "d",
  descriptors: keys.map((key) => (key === "broken" ? BROKEN : { key, limit: LIMIT })),
});
const paths = (accepted: ReturnType<typeof accept>) => accepted.files.map(({ path }) => path);
const keys = (accepted: ReturnType<typeof accept>) => accepted.domain("d")?.rules.map(({ label }) => label);

describe("an update", () => {
  it("is in force but for what is wrong, of which the last good version stays", () => {
    const first = accept([config("a", "a1"), config("b", "b1"), config("c", "c1")]);
    const second = accept([config("a", "a2"), config("b", "broken"), config("c", "c2")], { inForce: first.files });
    expect(keys(second)).toEqual(["a2", "b1", "c2"]);
    expect(second.faults).toEqual([
      expect.stringMatching(/^xds:b:\d+:\d+: domain "d" > descriptors\[0\] .*unit is required/),
    ]);
    const third = accept([config("a", "a2"), config("b", "b3"), config("c", "c2")], { inForce: second.files });
    expect(keys(third)).toEqual(["a2", "b3", "c2"]);
  });

  it("leaves out what is wrong and never was good", () => {
    const { faults, ...accepted } = accept([config("a", "a1"), config("b", "broken")]);
    expect(paths({ faults, ...accepted })).toEqual(["xds:a"]);
    expect(faults).toHaveLength(1);
  });

  it("ends what it no longer has", () => {
    const first = accept([config("a", "a1"), config("b", "b1")]);
    expect(keys(accept([config("a", "a1")], { inForce: first.files }))).toEqual(["a1"]);
    expect(paths(accept([], { inForce: first.files }))).toEqual([]);
  });

  it("ends what it no longer has though another one is wrong", () => {
    const first = accept([config("a", "a1"), config("b", "b1"), config("c", "c1")]);
    const second = accept([config("a", "a2"), config("b", "broken")], { inForce: first.files });
    expect(keys(second)).toEqual(["a2", "b1"]);
  });

  it("merges resources of one domain by name, in whatever order they come", () => {
    const plans = [config("b", "b1"), config("a", "a1"), { ...config("c"), domain: "other" }];
    expect(keys(accept(plans))).toEqual(["a1", "b1"]);
    expect(accept(plans.toReversed()).files).toEqual(accept(plans).files);
  });

  it("keeps what is missing when something came that does not say its name", () => {
    const first = accept([config("a", "a1"), config("b", "b1")]);
    const second = accept([config("a", "a2"), Uint8Array.of(255)], { inForce: first.files });
    expect(keys(second)).toEqual(["a2", "b1"]);
    expect(second.faults).toEqual([expect.stringMatching(/^xds:#2:1:1: not a RateLimitConfig: /)]);
  });

  it("tells resources of one name apart", () => {
    const { faults, ...accepted } = accept([config("a", "a1"), config("a", "a2"), config("a", "a2")]);
    expect(paths({ faults, ...accepted })).toEqual(["xds:a", "xds:a#2"]);
    expect(faults).toEqual([expect.stringMatching(/^xds:a#3:3:5: .*is here already: xds:a#2:3:5$/)]);
  });
});

describe("of two resources with the same descriptor", () => {
  it("the later by name is refused when both are new", () => {
    const { faults, ...accepted } = accept([config("b", "same", "b1"), config("a", "same")]);
    expect(keys({ faults, ...accepted })).toEqual(["same"]);
    expect(paths({ faults, ...accepted })).toEqual(["xds:a"]);
    expect(faults).toEqual([
      'xds:b:3:5: domain "d" > descriptors[0] (key "same"): a descriptor with key "same" without a value is here already: xds:a:3:5',
    ]);
  });

  it("the one stays that was there before, whatever the names", () => {
    const first = accept([config("b", "same")]);
    const second = accept([config("a", "same"), config("b", "same")], { inForce: first.files });
    expect(paths(second)).toEqual(["xds:b"]);
    expect(second.faults).toEqual([expect.stringMatching(/^xds:a:3:5: /)]);
  });

  it("they may change places in one update", () => {
    const first = accept([config("a", "one"), config("b", "two")]);
    const second = accept([config("a", "two"), config("b", "one")], { inForce: first.files });
    expect(second.faults).toEqual([]);
    expect(keys(second)).toEqual(["two", "one"]);
  });

  it("the last good version of a bad one gives way to a new one", () => {
    const first = accept([config("a", "moved", "a1")]);
    const second = accept([config("a", "broken"), config("b", "moved")], { inForce: first.files });
    expect(paths(second)).toEqual(["xds:b"]);
    expect(second.faults).toEqual([
      expect.stringMatching(/^xds:a:.* unit is required/),
      expect.stringMatching(/^xds:a:3:5: .*is here already: xds:b:3:5/),
    ]);
  });
});
