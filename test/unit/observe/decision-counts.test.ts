import { describe, expect, it } from "vitest";
import { DecisionCounts, type RuleName } from "../../../src/observe/decision-counts.js";

/** Samples as `domain/rule/outcome value`. */
function shown(counts: DecisionCounts): string[] {
  return counts.samples().map(({ labels, value }) => `${labels.domain}/${labels.rule}/${labels.outcome} ${value}`);
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
      expect(counts.samples().length).toBeLessThanOrEqual(3);
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
});
