import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { githubAnnotation } from "../../../src/cli/validate/github-annotation.js";
import { CliUnderTest } from "./cli-under-test.js";

const GOOD = "domain: shop\ndescriptors:\n  - key: ip\n    rate_limit: { unit: second, requests_per_unit: 5 }\n";
const ALSO_GOOD = `${GOOD.replace("shop", "bank")}  - key: path\n    rate_limit: { unlimited: true }\n`;
/** A limit's key beside the limit: envoyproxy/ratelimit ignores that. */
const DOUBTFUL = `${GOOD}    unit: minute\n`;
const BROKEN = GOOD.replace("second", "fortnight");
const ALSO_BROKEN = GOOD.replace("rate_limit", "rate_limt");

describe("weir validate", () => {
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "weir-validate-"));
  });

  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  async function file(name: string, text: string): Promise<string> {
    const path = join(folder, name);
    await writeFile(path, text);
    return path;
  }

  it("says in one line how much is fine", async () => {
    const cli = new CliUnderTest();
    expect(await cli.run(["validate", await file("a.yaml", GOOD)])).toBe(0);
    expect(cli.out).toEqual(["fine: 1 file, 1 domain, 1 rule"]);
    expect(cli.errors).toEqual([]);
  });

  it("adds up the files of a folder, and of all arguments", async () => {
    await file("a.yaml", GOOD);
    await file("b.yml", ALSO_GOOD);
    const ofFolder = new CliUnderTest();
    expect(await ofFolder.run(["validate", folder])).toBe(0);
    expect(ofFolder.out).toEqual(["fine: 2 files, 2 domains, 3 rules"]);
    const ofBoth = new CliUnderTest();
    expect(await ofBoth.run(["validate", join(folder, "a.yaml"), join(folder, "b.yml")])).toBe(0);
    expect(ofBoth.out).toEqual(["fine: 2 files, 2 domains, 3 rules"]);
  });

  it("shows all faults of all arguments on stderr and exits with 1", async () => {
    const cli = new CliUnderTest();
    const [a, b, good] = [await file("a", BROKEN), await file("b", ALSO_BROKEN), await file("c", GOOD)];
    expect(await cli.run(["validate", a, good, b])).toBe(1);
    expect(cli.out).toEqual([]);
    expect(cli.errors).toHaveLength(3);
    expect(cli.errors[0]).toMatch(`${a}:4:25: `);
    expect(cli.errors[0]?.split("\n").slice(1)).toEqual([
      "      rate_limit: { unit: fortnight, requests_per_unit: 5 }",
      "                          ^",
    ]);
    expect(cli.errors[1]).toMatch(`${b}:4:5: `);
    expect(cli.errors[2]).toBe("2 errors, 0 warnings");
  });

  it("shows warnings and exits with 0 when there is nothing worse", async () => {
    const cli = new CliUnderTest();
    const path = await file("a.yaml", DOUBTFUL);
    expect(await cli.run(["validate", path])).toBe(0);
    expect(cli.errors).toHaveLength(1);
    expect(cli.errors[0]).toMatch(`${path}:5:5: warning: `);
    expect(cli.out).toEqual(["fine: 1 file, 1 domain, 1 rule"]);
  });

  it("counts a path that is not there as an error", async () => {
    const cli = new CliUnderTest();
    expect(await cli.run(["validate", join(folder, "none.yaml")])).toBe(1);
    expect(cli.errors.at(-1)).toBe("1 error, 0 warnings");
  });

  describe("with --strict", () => {
    it("lets a warning fail too", async () => {
      const cli = new CliUnderTest();
      expect(await cli.run(["validate", "--strict", await file("a.yaml", DOUBTFUL)])).toBe(1);
      expect(cli.errors.at(-1)).toBe("0 errors, 1 warning");
      expect(cli.out).toEqual([]);
    });

    it("lets pass what has neither errors nor warnings", async () => {
      const cli = new CliUnderTest();
      expect(await cli.run(["validate", await file("a.yaml", GOOD), "--strict"])).toBe(0);
    });
  });

  describe("with --json", () => {
    it("writes all faults of all paths as one JSON array to standard output, and nothing else there", async () => {
      const cli = new CliUnderTest();
      const [broken, doubtful] = [await file("a.yaml", BROKEN), await file("b.yaml", DOUBTFUL)];
      expect(await cli.run(["validate", "--json", broken, doubtful])).toBe(1);
      expect(cli.out).toHaveLength(1);
      expect(JSON.parse(cli.out[0] ?? "")).toEqual([
        {
          severity: "error",
          code: expect.stringMatching(/^[a-z-]+$/),
          file: broken,
          line: 4,
          column: 25,
          message: expect.stringContaining("unit must be"),
        },
        expect.objectContaining({ severity: "warning", code: "ignored-key", file: doubtful, line: 5, column: 5 }),
      ]);
      expect(cli.errors).toEqual(["1 error, 1 warning"]);
    });

    it("writes an empty array when there is nothing to say", async () => {
      const cli = new CliUnderTest();
      expect(await cli.run(["validate", "--json", await file("a.yaml", GOOD)])).toBe(0);
      expect(cli.out).toEqual(["[]"]);
    });
  });

  describe("with --github", () => {
    it("writes faults as annotations of a workflow", async () => {
      const cli = new CliUnderTest();
      const [broken, doubtful] = [await file("a.yaml", BROKEN), await file("b.yaml", DOUBTFUL)];
      expect(await cli.run(["validate", "--github", broken, doubtful])).toBe(1);
      expect(cli.out[0]).toMatch(`::error file=${broken},line=4,col=25,title=`);
      expect(cli.out[1]).toMatch(`::warning file=${doubtful},line=5,col=5,title=ignored-key::unit has no effect`);
      expect(cli.errors).toEqual(["1 error, 1 warning"]);
    });

    it("escapes what would end a property or the line", () => {
      const position = { file: "a:b,c%.yaml", line: 1, column: 2 };
      const fault = {
        code: "unknown-key",
        severity: "error",
        position,
        message: "100%\r\nof: it,",
        sourceLine: "",
      } as const;
      expect(githubAnnotation(fault)).toBe(
        "::error file=a%3Ab%2Cc%25.yaml,line=1,col=2,title=unknown-key::100%25%0D%0Aof: it,",
      );
    });
  });

  it("takes limits by the algorithm that --default-algorithm names", async () => {
    const path = await file("a.yaml", GOOD.replace("}", ", burst: 9 }"));
    expect(await new CliUnderTest().run(["validate", path])).toBe(0);
    const windows = new CliUnderTest();
    expect(await windows.run(["validate", "--default-algorithm", "fixed_window", path])).toBe(1);
    expect(windows.errors[0]).toContain("burst is for token_bucket");
  });

  it.each([
    [[], "no FILE or DIR given"],
    [["--strct", "a.yaml"], "--strct is not a flag; did you mean --strict?"],
    [["--frobnicate", "a.yaml"], "--frobnicate is not a flag"],
    [["-s", "a.yaml"], "-s is not a flag"],
    [["--json", "--github", "a.yaml"], "--json and --github cannot be combined"],
    [["--default-algorithm=leaky", "a.yaml"], "--default-algorithm must be token_bucket, fixed_window, sliding_window"],
  ])("refuses the command line %j", async (argv, words) => {
    const cli = new CliUnderTest();
    expect(await cli.run(["validate", ...argv])).toBe(2);
    expect(cli.errors).toEqual([`weir validate: ${words}`, "Usage: weir validate [flags] FILE|DIR..."]);
  });

  it("explains itself with --help", async () => {
    const cli = new CliUnderTest();
    expect(await cli.run(["validate", "--help"])).toBe(0);
    expect(cli.out.join()).toMatch(/^Usage: weir validate \[flags\] FILE\|DIR\.\.\.\n/);
  });
});
