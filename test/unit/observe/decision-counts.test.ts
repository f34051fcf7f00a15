import { describe, expect, it } from "vitest";
import { DecisionCounts, type RuleName } from "../../../src/observe/decision-counts.js";

/** Samples as `domain/rule/outcome value`. */
function shown(counts: DecisionCounts): string[] {
  return Array.from(counts.descriptors()).map(
    ({ labels, value }) => `${labels.domain}/${labels.rule}/${labels.outcome} ${value}`,
  );
}

function keepOnly(counts: DecisionCounts, ...inForce: string[]): void {
  const rules = inForce.map((name): RuleName => {
    const [domain = "", label = ""] = name.split("/");
    return { domain, label };
  });
  for (const _ of counts.keepOnly(rules));
}

describe("counts of decisions", () => {
  it("stay for rules in force through any number of reloads, whether they are met or not", () => {
    const counts = new DecisionCounts();
    counts.count("shop", "ip", "ok");
    for (let reload = 0; reload < 5; reload++) keepOnly(counts, "shop/ip", "shop/path");
    counts.count("shop", "ip", "ok");
    expect(shown(counts)).toEqual(["shop/ip/ok 2"]);
  });

  it("of a rule that is gone stay until the reload after that, then go", () => {
    const counts = new DecisionCounts();
    counts.count("shop", "old", "ok");
    counts.count("shop", "ip", "ok");
    keepOnly(counts, "shop/ip");
    expect(shown(counts)).toEqual(["shop/old/ok 1", "shop/ip/ok 1"]);
    keepOnly(counts, "shop/ip");
    expect(shown(counts)).toEqual(["shop/ip/ok 1"]);
  });

  it("of a domain that is gone go with it, and start anew when it is back", () => {
    const counts = new DecisionCounts();
    counts.count("shop", "ip", "ok");
    counts.count("bank", "ip", "ok");
    keepOnly(counts, "bank/ip");
    keepOnly(counts, "bank/ip");
    expect(shown(counts)).toEqual(["bank/ip/ok 1"]);
    counts.count("shop", "ip", "over_limit");
    expect(shown(counts)).toEqual(["bank/ip/ok 1", "shop/ip/over_limit 1"]);
  });

  it("under labels that are no rule's own stay while they are counted between reloads", () => {
    const counts = new DecisionCounts();
    for (let reload = 0; reload < 3; reload++) {
      counts.count("shop", "ip=10.0.0.1", "ok");
      keepOnly(counts, "shop/ip");
    }
    expect(shown(counts)).toEqual(["shop/ip=10.0.0.1/ok 3"]);
  });

  it("are bounded however often rules change and decisions of the old ones come late", () => {
    const counts = new DecisionCounts();
    for (let reload = 0; reload < 1_000; reload++) {
      counts.count("shop", `rule-${reload}`, "ok");
      keepOnly(counts, `shop/rule-${reload + 1}`);
      counts.count("shop", `rule-${reload}`, "ok");
      expect(shown(counts).length).toBeLessThanOrEqual(3);
      expect(counts.size).toBe(shown(counts).length);
    }
  });

  it("can be made while others are dropped, also of a rule that is about to be", () => {
    const counts = new DecisionCounts();
    for (const rule of ["a", "b", "c"]) counts.count("shop", rule, "ok");
    keepOnly(counts);
    let parts = 0;
    for (const _ of counts.keepOnly([])) {
      parts++;
      counts.count("shop", "c", "ok");
    }
    expect(parts).toBeGreaterThanOrEqual(3);
    expect(shown(counts)).toEqual([`shop/c/ok ${1 + parts}`]);
  });

  it("do not ask for the rules in force when there is nothing to drop", () => {
    const counts = new DecisionCounts();
    counts.count("shop", "ip", "ok");
    const asked = (function* (): Generator<RuleName> {
      expect.fail("it asked");
      yield { domain: "", label: "" };
    })();
    for (const _ of counts.keepOnly(asked));
    expect(shown(counts)).toEqual(["shop/ip/ok 1"]);
  });

  it("of rules beyond the bound are made together, and of those within it stay apart", () => {
    const counts = new DecisionCounts(2);
    for (const rule of ["a", "b", "c", "d", "a"]) counts.count("shop", rule, "ok", 1, 0);
    counts.count("bank", "a", "over_limit", 0, 2);
    expect(shown(counts)).toEqual([
      "shop/a/ok 2",
      "shop/b/ok 1",
      "(other)/(other)/ok 2",
      "(other)/(other)/over_limit 1",
    ]);
    expect(counts.size).toBe(3);
  });

  it("find room again when rules go", () => {
    const counts = new DecisionCounts(1);
    counts.count("shop", "old", "ok");
    keepOnly(counts, "shop/new");
    keepOnly(counts, "shop/new");
    counts.count("shop", "new", "ok");
    expect(shown(counts)).toEqual(["shop/new/ok 1"]);
  });
});

it("hits are added up by what became of them, where a rule has had any", () => {
  const counts = new DecisionCounts();
  counts.count("shop", "ip", "ok", 3, 0);
  counts.count("shop", "ip", "over_limit", 0, 5);
  counts.count("shop", "ip", "ok", 4, 0);
  counts.count("shop", "", "no_rule", 0, 0);
  const hits = Array.from(counts.hits()).map(({ labels, value }) => `${labels.rule} ${labels.result} ${value}`);
  expect(hits).toEqual(["ip admitted 7", "ip refused 5"]);
});
