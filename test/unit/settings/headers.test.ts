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
    [
      "WEIR_RESPONSE_HEADERS",
      "RateLimit",
      "must be any of ratelimit, ratelimit-policy, retry-after, rule, limit, remaining and reset",
    ],
    ["WEIR_RESPONSE_HEADERS", "rule,,ratelimit", "comma-separated, or empty"],
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

  it.each([
    [
      { WEIR_RESPONSE_HEADERS: "retry-after,reset", WEIR_RESET_HEADER: "Retry-After" },
      "WEIR_RESET_HEADER must not be retry-after: WEIR_RESPONSE_HEADERS already uses that name",
    ],
    [
      { WEIR_RESPONSE_HEADERS: "limit,remaining", WEIR_LIMIT_HEADER: "x-a", WEIR_REMAINING_HEADER: "X-A" },
      "WEIR_REMAINING_HEADER must not be x-a: WEIR_LIMIT_HEADER already uses that name",
    ],
    [
      { LIMIT_RESPONSE_HEADERS_ENABLED: "true", LIMIT_LIMIT_HEADER: "x-a", LIMIT_RESET_HEADER: "x-a" },
      "LIMIT_RESET_HEADER must not be x-a: LIMIT_LIMIT_HEADER already uses that name",
    ],
  ])("are not told twice under one name: %j", (env, error) => {
    expect(read(env).errors).toEqual([error]);
  });

  it("may have one name as long as only one of them is told", () => {
    const env = { WEIR_RESPONSE_HEADERS: "reset", WEIR_RESET_HEADER: "retry-after", WEIR_LIMIT_HEADER: "retry-after" };
    expect(read(env).settings).toMatchObject({ responseHeaders: ["reset"], resetHeader: "retry-after" });
  });
});
