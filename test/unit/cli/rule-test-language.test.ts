import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readTestFile } from "../../../src/cli/rule-test/read-test-file.js";
import { formatFault } from "../../../src/rules/faults.js";
import { CliUnderTest } from "./cli-under-test.js";
import { TemporaryFolder } from "./temporary-folder.js";

const RULES = `domain: d
descriptors:
  - { key: ip, rate_limit: { unit: minute, requests_per_unit: 10 } }
  - { key: on, value: "007", rate_limit: { unit: minute, requests_per_unit: 1 } }
  - key: "2"
    descriptors: [{ key: "1", rate_limit: { unit: minute, requests_per_unit: 1 } }]
  - { key: window, rate_limit: { unit: minute, requests_per_unit: 2 } }
`;

describe("the language of rule tests", () => {
  const folder = new TemporaryFolder();

  /** Runs one test of these steps; what it wrote to standard error. */
  async function errorsOf(steps: string, top = "domain: d"): Promise<string> {
    folder.write("rules.yaml", RULES);
    const indented = steps.trim().replaceAll("\n", "\n      ");
    const text = `rules: rules.yaml\n${top}\ntests:\n  - name: t\n    steps:\n      ${indented}\n`;
    const cli = new CliUnderTest();
    const code = await cli.run(["test", folder.write("t.yaml", text)]);
    expect(code).toBe(cli.errors.length === 0 ? 0 : 1);
    return cli.errors.join("\n");
  }

  it.each([
    ["hits of the request", "- { send: { ip: a }, hits_addend: 4, expect: { remaining: 6 } }"],
    ["hits of a descriptor", "- { send: { entries: { ip: a }, hits_addend: 4 }, expect: { remaining: 6 } }"],
    ["a peek", "- { send: { entries: { ip: a }, hits_addend: 0 }, expect: { code: OK, remaining: 10, reset: 0 } }"],
    [
      "a refund",
      "- { send: { ip: a }, hits_addend: 4 }\n" +
        "- { send: { entries: { ip: a }, hits_addend: 3, is_negative_hits: true }, expect: { remaining: 9 } }",
    ],
    [
      "an override",
      "- { send: { entries: { ip: a }, limit: { requests_per_unit: 3, unit: HOUR } }, expect: { remaining: 2, rule: (override) } }",
    ],
    [
      "an override that is ignored",
      "- { send: { entries: { ip: a }, limit: { requests_per_unit: 3, unit: unknown } }, expect: { remaining: 9, rule: ip } }",
    ],
    ["a descriptor without entries", "- { send: {}, expect: { code: OK, rule: (none) } }"],
    ["an unknown domain", "- { domain: other, send: { ip: a }, times: 20, expect: { code: OK, rule: (none) } }"],
    ["values as they stand in the file", "- { send: { on: 007 }, expect: { remaining: 0, rule: on=007 } }"],
    ["a number for a key", "- { send: { 2: a }, expect: { code: OK, rule: (none) } }"],
    [
      "entries as a list",
      "- { send: { entries: [{ key: '2', value: a }, { key: '1', value: b }] }, expect: { remaining: 0 } }",
    ],
    [
      "no time between steps without at",
      "- { at: 6s, send: { ip: a }, times: 10 }\n- { send: { ip: a }, expect: OVER_LIMIT }",
    ],
    ["time", "- { send: { ip: a }, times: 10 }\n- { at: 6s, send: { ip: a }, expect: { code: OK, remaining: 0 } }"],
    ["reset as a duration", "- { send: { ip: a }, times: 10, expect: { reset: 1m } }"],
    ["a limit without a name", '- { send: { ip: a }, expect: { limit: "" } }'],
  ])("knows %s", async (_, steps) => {
    expect(await errorsOf(steps)).toBe("");
    // The same must be able to fail.
    const wrong = steps
      .replace(/remaining: \d+/, "remaining: 77")
      .replace(
        /(expect: (?:{ code: )?)(OK|OVER_LIMIT)/,
        (_all, head, code) => head + (code === "OK" ? "OVER_LIMIT" : "OK"),
      );
    const changed = wrong === steps ? steps.replace("reset: 1m", "reset: 2m").replace('limit: ""', "limit: x") : wrong;
    expect(await errorsOf(changed)).toContain("failed: 1 of 1 test");
  });

  const REFUSED_11TH = `- { send: { ip: a }, times: 10 }
- { send: { ip: a }, expect: { code: OK, statuses: [OVER_LIMIT] } }`;
  const TWO_LIMITS = "- { send: [{ entries: { ip: a } }, { entries: { window: b } }], times: 3, expect: OK }";
  const WINDOW_TURN = `- { at: 59s, send: { window: a }, times: 2, expect: { reset: 1 } }
- { at: 60s, send: { window: a }, times: 2, expect: { code: OK, remaining: 0, reset: 60 } }`;
  const REPORTED_LATE = `- { send: { entries: { ip: a }, hits_addend: 0 } }
- { at: 2s, send: { entries: { ip: a }, hits_addend: 15 }, expect: { code: OVER_LIMIT, remaining: 10 } }
- { at: 2s, send: { ip: a }, expect: OK }`;

  it.each([
    ["global_shadow: true", REFUSED_11TH, "expected OK, got OVER_LIMIT"],
    ["global_quota: true", TWO_LIMITS, "expected OK, got OVER_LIMIT"],
    ["default_algorithm: fixed_window", WINDOW_TURN, "expected reset 1, got 60"],
    ["pending_lapse: 1s", REPORTED_LATE, "expected remaining 10, got 0"],
  ])("runs under the setting %s of the server", async (setting, steps, without) => {
    expect(await errorsOf(steps, `domain: d\nsettings: { ${setting} }`)).toBe("");
    expect(await errorsOf(steps)).toContain(without);
  });

  it("begins each test with full buckets at 0s", async () => {
    folder.write("rules.yaml", RULES);
    const story = "{ at: 1h, send: { on: '007' }, expect: OK }, { send: { on: '007' }, expect: OVER_LIMIT }";
    const text = `rules: rules.yaml\ndomain: d\ntests: [{ name: a, steps: [${story}] }, { name: b, steps: [${story}] }]\n`;
    expect(await new CliUnderTest().run(["test", folder.write("t.yaml", text)])).toBe(0);
  });

  const HEAD = "rules: r\ndomain: d\ntests: [{ name: t, steps: [";
  it.each([
    ["", "1:1: the file is empty; it must have at least rules and tests"],
    ["# nothing but\n\n  # comments\n", "the file is empty"],
    ["- a", "a test file must be a map, not a list"],
    ["domain: d", "1:1: rules is required"],
    ["rules: r\ntests: []", "2:8: tests must be a list of tests, not a list"],
    ["rule: r", '1:1: unknown key "rule"; did you mean "rules"?'],
    [`${HEAD}{ send: { a: b }, expct: OK }] }]`, 'unknown key "expct"; did you mean "expect"?'],
    [
      `${HEAD}{ send: { a: b }, xyzzy: 1 }] }]`,
      'unknown key "xyzzy"; here may be at, domain, send, hits_addend, times, expect',
    ],
    [`${HEAD}{ send: { entries: { a: b }, hits: 1 } }] }]`, 'unknown key "hits"; here may be entries, hits_addend'],
    [`${HEAD}{ send: [{ entires: { a: b } }] }] }]`, 'unknown key "entires"; did you mean "entries"?'],
    [`${HEAD}{ send: { a: b }, expect: { statuses: [{ remainig: 1 }] } }] }]`, 'did you mean "remaining"?'],
    [`${HEAD}{ expect: OK }] }]`, "send is required"],
    [`${HEAD}{ send: 5, expect: OK }] }]`, "send must be a map of keys and values, or a list of descriptors, not 5"],
    [
      `${HEAD}{ send: [], expect: OK }] }]`,
      "send must be a map of keys and values, or a list of descriptors, not a list",
    ],
    [`${HEAD}{ send: { a: }, expect: OK }] }]`, 'a must be text (for none, write ""), not nothing'],
    [
      `${HEAD}{ send: { 2: a, 1: b }, expect: OK }] }]`,
      "send must be a list of {key: ..., value: ...} where keys are numbers",
    ],
    [`${HEAD}{ send: { a: b }, expect: ok }] }]`, "expect must be OK or OVER_LIMIT, not ok"],
    [
      `${HEAD}{ send: { a: b }, expect: [OK] }] }]`,
      "expect must be OK, OVER_LIMIT or a map of what is expected, not a list",
    ],
    [`${HEAD}{ at: 5, send: { a: b }, expect: OK }] }]`, "at must be a duration such as 0s, 1.5s, 20m or 24h, not 5"],
    [`${HEAD}{ times: 0, send: { a: b }, expect: OK }] }]`, "times must be a whole number from 1 to 100000, not 0"],
    [
      `${HEAD}{ send: { a: b }, expect: { reset: 1.5s } }] }]`,
      "reset must be whole seconds, such as 30, 30s or 15m, not 1.5s",
    ],
    [
      `${HEAD}{ send: { a: b }, expect: { remaining: 01 } }] }]`,
      "remaining must be a whole number from 0 to 4294967295, not 01",
    ],
    [`${HEAD}{ send: { a: b }, expect: {} }] }]`, "expect is empty"],
    [`${HEAD}{ send: { a: b } }] }]`, "this test expects nothing; at least one step needs expect"],
    [
      `${HEAD}{ at: 2s, send: { a: b }, expect: OK }, { at: 1s, send: { a: b } }] }]`,
      "time cannot go backwards: the previous step is at 2s",
    ],
    [
      `${HEAD}{ send: { a: b }, expect: { statuses: [OK, OK] } }] }]`,
      "statuses must be one for each descriptor sent: 1, not 2",
    ],
    [
      `${HEAD}{ send: [{ entries: {} }, { entries: {} }], expect: { reset: 1 } }] }]`,
      "ambiguous: 2 descriptors are sent, so put reset into statuses",
    ],
    [
      "rules: r\ntests: [{ name: t, steps: [{ send: { a: b }, expect: OK }] }]",
      "no domain: give it here, in the test, or at the top",
    ],
    [
      `${HEAD}{ send: { a: b }, expect: OK }] }, { name: t, steps: [{ send: { a: b }, expect: OK }] }]`,
      'there is already a test named "t"; names must be unique in a file',
    ],
    [`${HEAD}{ send: { a: b }, expect: OK, expect: OK }] }]`, 'the key "expect" is in this map already'],
    [`${HEAD}{ send: *nowhere }] }]`, "no anchor &nowhere before this alias"],
    [`${HEAD}{ send: {`, "not valid YAML"],
  ])("refuses %j with words", (text, words) => {
    const { read, faults } = readTestFile({ path: "t.yaml", text });
    expect(read).toBeUndefined();
    expect(faults.map(formatFault).join("\n")).toContain(words);
  });

  it("never throws, whatever the file", () => {
    const word = fc.constantFrom(
      "rules",
      "domain",
      "tests",
      "name",
      "steps",
      "send",
      "entries",
      "expect",
      "statuses",
      "code",
      "OK",
      "at",
      "1s",
      "<<",
      "__proto__",
      "5",
    );
    const { value } = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 6 },
        word,
        fc.constant(null),
        fc.array(tie("value"), { maxLength: 3 }),
        fc.dictionary(word, tie("value"), { maxKeys: 4 }),
      ),
    }));
    fc.assert(
      fc.property(
        fc.record({
          rules: word,
          domain: word,
          tests: fc.array(fc.record({ name: word, steps: fc.array(fc.dictionary(word, value)) })),
        }),
        (file) => {
          const { read, faults } = readTestFile({ path: "t.yaml", text: JSON.stringify(file) });
          expect(read === undefined).toBe(faults.some(({ severity }) => severity === "error"));
          for (const { message } of faults) expect(message).not.toMatch(/undefined|\[object|Invalid input|NaN/);
        },
      ),
    );
  });
});
