import { describe, expect, it } from "vitest";
import { CliUnderTest } from "./cli-under-test.js";
import { TemporaryFolder } from "./temporary-folder.js";

const RULES = `domain: shop
descriptors:
  - key: path
    value: /checkout
    rate_limit: { name: checkout, unit: minute, requests_per_unit: 600, burst: 50 }
  - key: path
    value: /login
    descriptors:
      - key: remote_address
        rate_limit: { unit: minute, requests_per_unit: 2 }
  - { key: path, value: "/search/*", share_threshold: true, rate_limit: { unit: hour, requests_per_unit: 4 } }
  - { key: path, value: "*.php", shadow_mode: true, rate_limit: { unit: day, requests_per_unit: 0 } }
  - key: path
    descriptors:
      - { key: user, rate_limit: { unlimited: true } }
  - { key: client, cidr: 10.0.0.0/8, rate_limit: { unit: second, requests_per_unit: 1 } }
  - { key: client, cidr: 10.1.0.0/16, rate_limit: { unit: second, requests_per_unit: 2 } }
  - { key: client, regex: "^10[.]1", rate_limit: { unit: second, requests_per_unit: 3 } }
  - key: api_key
    rate_limits:
      - { unit: second, requests_per_unit: 10 }
      - { unit: hour, unit_multiplier: 6, requests_per_unit: 1000, algorithm: fixed_window, name: six-hourly }
  - { key: open }
`;

describe("weir explain", () => {
  const folder = new TemporaryFolder();

  async function explain(...argv: string[]): Promise<string> {
    const cli = new CliUnderTest();
    const path = folder.write("rules.yaml", RULES);
    expect(await cli.run(["explain", path, ...argv])).toBe(0);
    expect(cli.errors).toEqual([]);
    return cli.out.join("\n").replaceAll(path, "rules.yaml");
  }

  it("shows the way level by level, the rule, its limit, the bucket's key and the answer", async () => {
    expect(await explain("shop", "path=/login", "remote_address=192.0.2.7")).toBe(`domain      shop
descriptor  path=/login > remote_address=192.0.2.7

entry 1: path=/login
  met      path=/login     exact value
  not met  path            any value: matches too, but an exact value goes first
  not met  path=*.php      wildcard: the value does not match
  not met  path=/checkout  exact value: another value
  not met  path=/search/*  wildcard: the value does not match

entry 2: remote_address=192.0.2.7
  met      remote_address  any value

rule        path=/login > remote_address
defined at  rules.yaml:9:9
limit       2 per minute, burst 2, token bucket with one token every 30s
bucket      1|shop|path=/login|remote_address=192.0.2.7|token_bucket:60s
answer      OK, remaining 1, reset 30s (one hit, bucket full)`);
  });

  it.each([
    ["path=/search/x.php", "wildcard: matches too, but path=/search/* stands before it in the file"],
    ["path=/search/x.php", "any value: matches too, but wildcards go first"],
    ["client=10.1.2.3", "network: matches too, but the longer network goes first"],
    ["client=10.1.2.3", "regular expression: matches too, but networks go first"],
    ["client=nobody", "network: no address in it"],
    ["client=nobody", "regular expression: the value does not match"],
  ])("tells of %s why another rule is not met: %s", async (pair, words) => {
    expect(await explain("shop", pair)).toContain(words);
  });

  it("shows every limit and bucket of a rule", async () => {
    const text = await explain("shop", "api_key=k");
    expect(text).toContain("limit       10 per second, burst 10, token bucket with one token every 100ms\n");
    expect(text).toContain("            six-hourly: 1000 per 6 hours, fixed window\n");
    expect(text).toContain("bucket      1|shop|api_key=k|token_bucket:1s\n");
    expect(text).toContain("            1|shop|api_key=k|fixed_window:21600s:six-hourly\n");
  });

  it("tells what flags of the rule do", async () => {
    expect(await explain("shop", "path=/search/a")).toContain("flag        share_threshold: all values that match");
    const shadow = await explain("shop", "path=/x.php");
    expect(shadow).toContain("flag        shadow_mode: counted and reported, but never refuses");
    expect(shadow).toContain("limit       0 per day, a ban\n");
  });

  it("decides over as many hits as --hits says, 0 being a peek", async () => {
    expect(await explain("shop", "path=/checkout", "--hits", "20")).toContain(
      "answer      OK, limit checkout, remaining 30, reset 2s (20 hits, bucket full)",
    );
    expect(await explain("shop", "path=/checkout", "--hits=0")).toContain(
      "remaining 50, reset 0s (a peek, bucket full)",
    );
    expect(await explain("shop", "path=/checkout", "--hits=51")).toMatch(
      /answer {6}OVER_LIMIT.*more than the burst, which can never pass/,
    );
  });

  it.each([
    [["path=/login"], "path=/login has no limit of its own: it is met by longer descriptors only"],
    [["path=/login"], "Below it: path=/login > remote_address (rules.yaml:9:9)."],
    [["path=/checkout", "a=b"], "There is nothing below path=/checkout, and this descriptor has 2 entries"],
    [["path=/checkout", "a=b"], "With the first entry alone it would meet path=/checkout (rules.yaml:3:5)."],
    [["path=/login", "user=ada"], "by it the descriptor would meet path > user, but there is no way back"],
    [["client=nobody"], "At the top no rule takes client=nobody, and none is there for any other value."],
    [
      ["pth=/x"],
      'At the top no rule has the key "pth"; keys there: "path", "client", "api_key", "open". Did you mean "path"?',
    ],
  ])("says why %j meets no rule: %s", async (pairs, words) => {
    const text = await explain("shop", ...pairs);
    expect(text).toContain("rule        none: this descriptor is let through\n");
    expect(text).toContain(words);
    expect(text).toMatch(/\nanswer {6}OK$/);
  });

  it("names the nearest value where only others are there", async () => {
    const cli = new CliUnderTest();
    const rules = "domain: d\ndescriptors: [{ key: path, value: /checkout, rate_limit: { unlimited: true } }]";
    expect(await cli.run(["explain", folder.write("r.yaml", rules), "d", "path=/chekout"])).toBe(0);
    expect(cli.out[0]).toContain("Did you mean path=/checkout?");
  });

  it("names the nearest domain for one that is unknown", async () => {
    expect(await explain("shap", "path=/x")).toContain(
      'The rules have no domain "shap"; they have "shop". Did you mean shop?',
    );
  });

  it("lists a handful of a thousand siblings, the most similar first", async () => {
    const cli = new CliUnderTest();
    const values = Array.from(
      { length: 1000 },
      (_, i) => `  - { key: k, value: v${i}, rate_limit: { unlimited: true } }`,
    );
    const path = folder.write("many.yaml", `domain: d\ndescriptors:\n${values.join("\n")}\n`);
    expect(await cli.run(["explain", path, "d", "k=v77x"])).toBe(0);
    const [text = ""] = cli.out;
    expect(text.match(/not met/g)).toHaveLength(6);
    expect(text).toMatch(/entry 1: k=v77x\n {2}not met {2}k=v77 /);
    expect(text).toContain("and 994 more");
  });

  it("says the same as JSON with --json", async () => {
    const found = JSON.parse(await explain("shop", "api_key=k", "--json"));
    expect(found).toMatchObject({
      domain: "shop",
      entries: [{ key: "api_key", value: "k" }],
      levels: [{ met: { label: "api_key", kind: "any" }, not_met: [] }],
      rule: { label: "api_key", file: "rules.yaml", line: 19, column: 5, flags: [] },
      why_no_rule: [],
      answer: { overall_code: "OK", statuses: [{ code: "OK", limit_remaining: 9 }] },
    });
    expect(found.rule.limits[1]).toEqual({
      name: "six-hourly",
      requests_per_unit: 1000,
      unit: "hour",
      unit_multiplier: 6,
      algorithm: "fixed_window",
      burst: 1000,
      max_debt: 1000,
      bucket: "1|shop|api_key=k|fixed_window:21600s:six-hourly",
    });
    const none = JSON.parse(await explain("shap", "a=b", "--json"));
    expect(none).toMatchObject({ levels: [], rule: null, why_no_rule: [expect.stringContaining("no domain")] });
  });

  it("takes limits by the algorithm that --default-algorithm names", async () => {
    const cli = new CliUnderTest();
    const rules = "domain: d\ndescriptors: [{ key: k, rate_limit: { unit: minute, requests_per_unit: 5 } }]";
    const path = folder.write("r.yaml", rules);
    expect(await cli.run(["explain", path, "d", "k=v", "--default-algorithm", "fixed_window"])).toBe(0);
    expect(cli.out[0]).toContain("5 per minute, fixed window");
  });

  it.each([
    [[], "no RULES given"],
    [["R"], "no DOMAIN given"],
    [["R", "shop"], "no descriptor given: list its entries as KEY=VALUE"],
    [["R", "shop", "path"], '"path" is not KEY=VALUE'],
    [["R", "shop", "=x"], '"=x" is not KEY=VALUE'],
    [["R", "shop", "a=b", "--hits", "-1"], "--hits needs a value"],
    [["R", "shop", "a=b", "--hits=-1"], "--hits must be a whole number from 0 to 9007199254740991"],
    [["R", "shop", "a=b", "--jsn"], "--jsn is not a flag; did you mean --json?"],
    [["R", "shop", "a=b", "--json=yes"], '--json takes no value, was given "yes"'],
    [
      ["R", "shop", "a=b", "--default-algorithm=leaky"],
      "--default-algorithm must be token_bucket, fixed_window, sliding_window",
    ],
  ])("refuses the command line %j", async (argv, words) => {
    const cli = new CliUnderTest();
    expect(await cli.run(["explain", ...argv])).toBe(2);
    expect(cli.errors).toEqual([`weir explain: ${words}`, "Usage: weir explain [flags] RULES DOMAIN KEY=VALUE..."]);
  });

  it("names the server that does not answer, also where it is the usual one", async () => {
    const cli = new CliUnderTest();
    const token = folder.write("token", "secret");
    await cli.run(["explain", "--token-file", token, "no-such-domain", "a=b"]);
    expect(cli.errors.join("\n")).not.toContain("undefined");
  });

  it("shows the faults of broken rules and exits with 1", async () => {
    const cli = new CliUnderTest();
    expect(await cli.run(["explain", folder.write("b.yaml", "domian: shop"), "shop", "a=b"])).toBe(1);
    expect(cli.errors.join("\n")).toContain('did you mean "domain"?');
    expect(cli.out).toEqual([]);
  });
});
