import { describe, expect, it } from "vitest";
import { readSettings } from "../../../src/settings.js";

const read = (env: Record<string, string>) => readSettings(env, []);

describe("the settings of response headers", () => {
  it("are off unless they are asked for", () => {
    expect(read({}).settings).toMatchObject({ responseHeaders: [], ruleHeader: "x-weir-rule" });
    expect(read({ WEIR_RESPONSE_HEADERS: "" }).settings).toMatchObject({ responseHeaders: [] });
  });

  it("are a list with commas, and the name of a header in any letters", () => {
    const { settings } = read({ WEIR_RESPONSE_HEADERS: "rule, ratelimit", WEIR_RULE_HEADER: "X-Why" });
    expect(settings).toMatchObject({ responseHeaders: ["rule", "ratelimit"], ruleHeader: "x-why" });
  });

  it.each([
    ["WEIR_RESPONSE_HEADERS", "RateLimit", "must be any of ratelimit, ratelimit-policy, retry-after and rule"],
    ["WEIR_RESPONSE_HEADERS", "rule,,ratelimit", "with commas between them, or nothing"],
    ["WEIR_RESPONSE_HEADERS", "rule,rule", "must be any of"],
    ["WEIR_RULE_HEADER", "", "must be the name of a header, such as x-weir-rule"],
    ["WEIR_RULE_HEADER", "x weir", "must be the name of a header"],
    ["WEIR_RULE_HEADER", "x-weir\n", "must be the name of a header"],
    ["WEIR_RULE_HEADER", "Content-Length", "must be the name of a header"],
    ["WEIR_RULE_HEADER", "retry-after", "must be the name of a header"],
    ["WEIR_RULE_HEADER", ":status", "must be the name of a header"],
  ])("refuses %s=%j by name", (name, text, words) => {
    const { errors = [] } = read({ [name]: text });
    expect(errors).toHaveLength(1);
    expect(errors[0]).toContain(`${name} ${words.startsWith("must") ? words : "must be"}`);
    expect(errors[0]).toContain(words);
  });
});
