import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { CliUnderTest } from "./cli-under-test.js";
import { TemporaryFolder } from "./temporary-folder.js";

const RULES = `domain: shop
descriptors:
  - key: remote_address
    rate_limit: { name: per-client, unit: minute, requests_per_unit: 30, burst: 5 }
  - { key: path, value: /login, rate_limit: { unit: minute, requests_per_unit: 2 } }
`;

const PASSING = `rules: rules.yaml
domain: shop
tests:
  - name: five at once
    steps:
      - at: 0s
        send: { remote_address: 192.0.2.7 }
        times: 5
        expect: OK
      - at: 1.5s
        send: { remote_address: 192.0.2.7 }
        expect: { code: OVER_LIMIT, remaining: 0, reset: 1 }
`;

describe("weir test", () => {
  const folder = new TemporaryFolder();

  function write(name: string, text: string): string {
    folder.write("rules.yaml", RULES);
    return folder.write(name, text);
  }

  it("says in one line for each file, and one for all, that tests pass", async () => {
    const cli = new CliUnderTest();
    const [a, b] = [write("a.test.yaml", PASSING), write("b.test.yaml", PASSING)];
    expect(await cli.run(["test", a, b])).toBe(0);
    expect(cli.out).toEqual([`ok      ${a}  1 test`, `ok      ${b}  1 test`, "passed: 2 tests in 2 files"]);
    expect(cli.errors).toEqual([]);
  });

  it("runs all files of a folder, with rules from where each file stands", async () => {
    const cli = new CliUnderTest();
    write("tests/a.yaml", PASSING.replace("rules.yaml", "../rules.yaml"));
    write("tests/deep/b.yml", PASSING.replace("rules.yaml", "../../rules.yaml"));
    expect(await cli.run(["test", `${folder.path}/tests`])).toBe(0);
    expect(cli.out.at(-1)).toBe("passed: 2 tests in 2 files");
  });

  it("points at a wrong expectation, and tells what was sent, what came back and by which rule", async () => {
    const cli = new CliUnderTest();
    const path = write("a.yaml", PASSING.replace("times: 5", "times: 6"));
    expect(await cli.run(["test", path])).toBe(1);
    expect(cli.out).toEqual([]);
    expect(cli.errors).toEqual([
      `FAILED  ${path}  1 of 1 test`,
      `
${path}:9:17: expected OK, got OVER_LIMIT
          expect: OK
                  ^
    test    five at once
    step    1 of 2, at 0s, request 6 of 6
    sent    remote_address=192.0.2.7
    got     OVER_LIMIT, remaining 0, reset 2, limit per-client
    rule    remote_address at ${folder.path}/rules.yaml:3:5, per-client: 30 per minute, burst 5, token bucket with one token every 2s`,
      "",
      "failed: 1 of 1 test",
    ]);
  });

  it("points at each field that is wrong, in the order of the file", async () => {
    const cli = new CliUnderTest();
    const path = write(
      "a.yaml",
      PASSING.replace("remaining: 0, reset: 1", "rule: x, reset: 2, remaining: 1, limit: y"),
    );
    expect(await cli.run(["test", path])).toBe(1);
    const line = "        expect: { code: OVER_LIMIT, rule: x, reset: 2, remaining: 1, limit: y }";
    const messages = [
      ["x", "expected rule x, got remote_address"],
      ["2", "expected reset 2, got 1"],
      ["1", "expected remaining 1, got 0"],
      ["y", "expected limit y, got per-client"],
    ] as const;
    const places = messages.map(([wrong, words]) => {
      return `${path}:12:${line.lastIndexOf(` ${wrong}`) + 2}: ${words}\n  ${line}\n`;
    });
    expect(cli.errors[1]?.replace(/ +\^\n/g, "")).toContain(places.join(""));
  });

  it("runs on after a wrong expectation, since what was sent does not depend on it", async () => {
    const cli = new CliUnderTest();
    const path = write("a.yaml", PASSING.replace("expect: OK", "expect: OVER_LIMIT").replace("reset: 1", "reset: 9"));
    expect(await cli.run(["test", path])).toBe(1);
    const text = cli.errors.join("\n");
    expect(text).toContain(":9:17: expected OVER_LIMIT, got OK");
    expect(text).toContain("request 1 of 5");
    expect(text).toContain("expected reset 9, got 1");
  });

  it("tells of several descriptors which one answered otherwise", async () => {
    const cli = new CliUnderTest();
    const path = write(
      "a.yaml",
      `rules: rules.yaml
domain: shop
tests:
  - name: both
    steps:
      - send:
          - entries: { remote_address: 192.0.2.7 }
          - entries: { path: /login }
            hits_addend: 3
        expect:
          code: OVER_LIMIT
          statuses: [OK, OK]
`,
    );
    expect(await cli.run(["test", path])).toBe(1);
    const text = cli.errors.join("\n");
    expect(text).toContain(`${path}:12:26: status 2: expected OK, got OVER_LIMIT\n`);
    expect(text).toContain("    sent    path=/login, hits 3\n    got     OVER_LIMIT, remaining 2, reset 60\n");
    expect(text).toContain("    overall OVER_LIMIT");
  });

  it("shows broken rules, a missing file and a broken test file, and runs the others", async () => {
    const cli = new CliUnderTest();
    const good = write("a.yaml", PASSING);
    const noRules = write("b.yaml", PASSING.replace("rules.yaml", "nowhere.yaml"));
    const broken = write("c.yaml", PASSING.replace("times", "tims"));
    expect(await cli.run(["test", good, noRules, broken, `${folder.path}/d.yaml`])).toBe(1);
    expect(cli.out).toEqual([`ok      ${good}  1 test`]);
    expect(cli.errors).toEqual([
      `BROKEN  ${noRules}`,
      expect.stringMatching(/nowhere\.yaml:1:1: no such file or folder/),
      `BROKEN  ${broken}`,
      expect.stringMatching(/c\.yaml:8:9: unknown key "tims"; did you mean "times"\?/),
      `BROKEN  ${folder.path}/d.yaml`,
      expect.stringMatching(/d\.yaml:1:1: no such file or folder/),
      "could not be run: 3 of 4 files",
    ]);
  });

  it.each([
    [[], "no FILE or DIR given"],
    [["--junit"], "--junit needs a value"],
    [["--junt=x.xml", "a.yaml"], "--junt is not a flag; did you mean --junit?"],
  ])("refuses the command line %j", async (argv, words) => {
    const cli = new CliUnderTest();
    expect(await cli.run(["test", ...argv])).toBe(2);
    expect(cli.errors).toEqual([`weir test: ${words}`, "Usage: weir test [--junit FILE] FILE|DIR..."]);
  });

  it("explains itself with --help", async () => {
    const cli = new CliUnderTest();
    expect(await cli.run(["test", "-h"])).toBe(0);
    expect(cli.out.join()).toMatch(/^Usage: weir test \[--junit FILE\] FILE\|DIR\.\.\.\n/);
  });

  describe("with --junit", () => {
    it("writes a suite for each file and a case for each test, well formed whatever is in them", async () => {
      const cli = new CliUnderTest();
      const nasty = `"<a> & 'b'\\u0007\\uFFFE\\ttab"`;
      const failing = write(
        "a.yaml",
        PASSING.replace("five at once", nasty).replace("expect: OK", "expect: OVER_LIMIT"),
      );
      const good = write("b.yaml", PASSING);
      const broken = write("c.yaml", "tests: []");
      const xmlPath = `${folder.path}/out.xml`;
      expect(await cli.run(["test", "--junit", xmlPath, failing, good, broken])).toBe(1);
      const elements = readXml(readFileSync(xmlPath, "utf8"));
      expect(elements[0]).toMatchObject({ name: "testsuites", tests: "3", failures: "1", errors: "1" });
      const suites = elements.filter(({ name }) => name === "testsuite");
      expect(suites).toMatchObject([
        { name: "testsuite", tests: "1", failures: "1", errors: "0" },
        { tests: "1", failures: "0", errors: "0" },
        { tests: "1", failures: "0", errors: "1" },
      ]);
      const cases = elements.filter(({ name }) => name === "testcase");
      expect(cases.map(({ classname }) => classname)).toEqual([failing, good, broken]);
      expect(cases.map((each) => each["@name"])).toEqual([
        "&lt;a&gt; &amp; 'b'\u{fffd}\u{fffd}&#9;tab",
        "five at once",
        "can be run",
      ]);
      expect(elements.find(({ name }) => name === "failure")).toMatchObject({ message: "expected OVER_LIMIT, got OK" });
    });

    it("fails when the file cannot be written", async () => {
      const cli = new CliUnderTest();
      const path = write("a.yaml", PASSING);
      expect(await cli.run(["test", "--junit", `${folder.path}/no/such/out.xml`, path])).toBe(1);
      expect(cli.errors[0]).toMatch(/^weir test: cannot write .*out\.xml: ENOENT/);
    });
  });
});

/** The opening tags of a document in order, with their attributes as written; throws where it is not well formed. */
function readXml(xml: string): Record<string, string>[] {
  const elements: Record<string, string>[] = [];
  const open: string[] = [];
  const body = xml.replace(/^<\?xml version="1\.0" encoding="UTF-8"\?>\n/, "");
  const tokens =
    /<(\/?)([a-z]+)((?: [a-z]+="(?:[^<&"]|&(?:amp|lt|gt|quot|#\d+);)*")*)>|((?:[^<>&]|&(?:amp|lt|gt|quot);)+)/gy;
  let end = 0;
  for (const [token, closing, name = "", attributes = "", text] of body.matchAll(tokens)) {
    end += token.length;
    if (text !== undefined) continue;
    if (closing === "/") {
      if (open.pop() !== name) throw new Error(`</${name}> closes nothing`);
      continue;
    }
    open.push(name);
    const pairs = [...attributes.matchAll(/ ([a-z]+)="([^"]*)"/g)].map(([, key = "", value = ""]) => {
      return [key === "name" ? "@name" : key, value];
    });
    elements.push({ ...Object.fromEntries(pairs), name });
  }
  if (end !== body.length) throw new Error(`not well formed: ${body.slice(end, end + 80)}`);
  if (open.length > 0) throw new Error(`never closed: ${open.join(", ")}`);
  if (/[^\t\n\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/u.test(xml)) throw new Error("no character of XML");
  return elements;
}
