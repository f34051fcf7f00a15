import { afterEach, describe, expect, it } from "vitest";
import { trafficRoute } from "../../../src/admin/console/traffic-route.js";
import { type DecisionSample, RuleRates } from "../../../src/admin/live/rule-rates.js";

let rates: RuleRates | undefined;

afterEach(() => rates?.close());

function sample(rule: string, outcome: string, value: number): DecisionSample {
  return { labels: { domain: "shop", rule, outcome }, value };
}

/** What the route answers when these were counted since the start. */
async function trafficOf(counted: readonly DecisionSample[]) {
  rates = new RuleRates(() => counted);
  const route = trafficRoute({ rates, samples: () => counted });
  const answer = await route.handle({ id: "", query: {}, body: undefined, from: "test" });
  return route.answers.schema.parse(answer) as {
    readonly decisions: Record<string, number>;
    readonly rules: readonly { readonly rule: string; readonly overLimitPerSecond: number }[];
    readonly moreRules: number;
  };
}

describe("the traffic that the admin API tells", () => {
  it("sums up outcomes, and has each rule that is met once, the most met first", async () => {
    const { decisions, rules, moreRules } = await trafficOf([
      sample("a", "ok", 1_000),
      sample("b", "ok", 4_000),
      sample("b", "over_limit", 3_000),
      sample("c", "ok", 0),
    ]);
    expect(decisions).toEqual({ ok: 5_000, over_limit: 3_000 });
    expect(rules.map(({ rule }) => rule)).toEqual(["b", "a"]);
    expect(rules[0]?.overLimitPerSecond).toBeGreaterThan(0);
    expect(moreRules).toBe(0);
  });

  it("is bounded, however many rules are met: the least met are left out and counted", async () => {
    const counted = Array.from({ length: 700 }, (_, index) => sample(`r${index}`, "ok", 1_000 * (index + 1)));
    const { rules, moreRules } = await trafficOf(counted);
    expect(rules.length).toBe(500);
    expect(rules[0]?.rule).toBe("r699");
    expect(rules.at(-1)?.rule).toBe("r200");
    expect(moreRules).toBe(200);
  });

  it("has nothing where nothing was decided", async () => {
    expect(await trafficOf([])).toMatchObject({ decisions: {}, rules: [], moreRules: 0 });
  });
});
