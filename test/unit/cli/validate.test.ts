import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
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

  it("asks for a file when none is given, and refuses unknown flags", async () => {
    const without = new CliUnderTest();
    expect(await without.run(["validate"])).toBe(2);
    expect(without.errors).toEqual(["weir validate: which file or folder?", "Usage: weir validate FILE|DIR..."]);
    const flagged = new CliUnderTest();
    expect(await flagged.run(["validate", "--strict", folder])).toBe(2);
    expect(flagged.errors[0]).toMatch(/^weir validate: Unknown option '--strict'/);
  });

  it("explains itself with --help", async () => {
    const cli = new CliUnderTest();
    expect(await cli.run(["validate", "--help"])).toBe(0);
    expect(cli.out.join()).toMatch(/^Usage: weir validate FILE\|DIR\.\.\.\n/);
  });
});
