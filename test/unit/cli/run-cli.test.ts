import { describe, expect, it } from "vitest";
import { CliUnderTest } from "./cli-under-test.js";

const HELP = `Usage: weir COMMAND

  weir serve [flags]                      answer Envoy's rate limit calls
  weir validate FILE|DIR...               check rules for errors
  weir explain RULES DOMAIN KEY=VALUE...  show which rule a descriptor meets, and why
  weir test FILE|DIR...                   run tests of rules, in virtual time
  weir check DOMAIN KEY=VALUE...          ask a running server, as Envoy does
  weir top [flags]                        show what a running server does, live

  weir COMMAND --help                     help for a command
  weir --version                          the version`;

describe("the command line", () => {
  it.each(["--help", "-h"])("lists the commands with %s", async (flag) => {
    const cli = new CliUnderTest();
    expect(await cli.run([flag])).toBe(0);
    expect(cli.out).toEqual([HELP]);
    expect(cli.errors).toEqual([]);
  });

  it("tells its version", async () => {
    const cli = new CliUnderTest();
    expect(await cli.run(["--version"])).toBe(0);
    expect(cli.out).toEqual(["weir 1.2.3"]);
  });

  it("lists the commands as an error when none is given", async () => {
    const cli = new CliUnderTest();
    expect(await cli.run([])).toBe(2);
    expect(cli.errors).toEqual([HELP]);
    expect(cli.out).toEqual([]);
  });

  it.each([
    ["server", "weir: server is not a command; did you mean serve?"],
    ["valdate", "weir: valdate is not a command; did you mean validate?"],
    ["explian", "weir: explian is not a command; did you mean explain?"],
    ["tset", "weir: tset is not a command; did you mean test?"],
    ["--versoin", "weir: --versoin is not a command; did you mean --version?"],
    ["frobnicate", "weir: frobnicate is not a command"],
    ["constructor", "weir: constructor is not a command"],
  ])("refuses the unknown command %s, with the nearest one if one is near", async (name, message) => {
    const cli = new CliUnderTest();
    expect(await cli.run([name])).toBe(2);
    expect(cli.errors).toEqual([message, "weir --help lists all commands"]);
  });
});
