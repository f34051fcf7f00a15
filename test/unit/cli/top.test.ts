import { describe, expect, it } from "vitest";
import { cut, padded, printable, widthOf } from "../../../src/cli/top/fit.js";
import { frameAsJson, frameOf } from "../../../src/cli/top/frame.js";
import { frameLines } from "../../../src/cli/top/frame-text.js";
import type { Snapshot } from "../../../src/cli/top/snapshot.js";
import { CliUnderTest } from "./cli-under-test.js";
import { TemporaryFolder } from "./temporary-folder.js";

const folder = new TemporaryFolder();

async function top(...argv: string[]): Promise<{ code: number; out: string; errors: string }> {
  const cli = new CliUnderTest();
  const code = await cli.run(["top", ...argv]);
  return { code, out: cli.out.join("\n"), errors: cli.errors.join("\n") };
}

describe("the command line of weir top", () => {
  it.each([
    [["shop"], "it takes no arguments besides flags"],
    [["--admin", "localhost:6070"], "--admin must be a URL without a path"],
    [["--admin", "http://127.0.0.1:6070/x"], "--admin must be a URL without a path"],
    [["--admin", "http://user@127.0.0.1:6070"], "--admin must be a URL without a path"],
    [["--interval", "2"], "--interval must be a duration from 200ms to 1h"],
    [["--interval", "100ms"], "--interval must be a duration from 200ms to 1h"],
    [["--token-file", "/no/such/file"], "--token-file: ENOENT"],
    [["--onec"], "--onec is not a flag; did you mean --once?"],
  ])("is refused with 2 when it makes no sense: %j", async (argv, words) => {
    const { code, out, errors } = await top(...argv);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(errors).toContain(words);
    expect(errors).toContain("Usage: weir top");
  });

  it("is refused with 2, and without its words, when the file of the token holds none", async () => {
    const { code, errors } = await top("--token-file", folder.write("token", "secret words"));
    expect(code).toBe(2);
    expect(errors).toContain("must contain one word of printable ASCII");
    expect(errors).not.toContain("secret");
  });

  it("is explained by --help, within 120 columns", async () => {
    const { code, out } = await top("--help");
    expect(code).toBe(0);
    for (const flag of ["--admin", "--token-file", "--interval", "--once", "--json"])
      expect(out).toContain(`  ${flag} `);
    for (const line of out.split("\n")) expect(line.length).toBeLessThanOrEqual(120);
  });
});

describe("text in a terminal", () => {
  it("takes the columns that a terminal draws: two for those of East Asia, none for what combines", () => {
    expect(["abc", "日本", "e\u0301", "😀", "ø"].map(widthOf)).toEqual([3, 4, 1, 2, 1]);
  });

  it("is cut with an ellipsis where it does not fit, and never in the middle of a character", () => {
    expect(cut("abcdef", 6)).toBe("abcdef");
    expect(cut("abcdef", 5)).toBe("abcd…");
    expect(cut("日本語", 5)).toBe("日本…");
    expect(cut("日本語", 4)).toBe("日…");
    expect(cut("abc", 0)).toBe("");
    expect(padded("日", 4)).toBe("日  ");
  });

  it("holds nothing that cannot be seen", () => {
    expect(printable("a\u001b[2J\u202eb\u0000\u{e0001}\ud800\u2028")).toBe(
      "a\\u001b[2J\\u202eb\\u0000\\u{e0001}\\ud800\\u2028",
    );
  });
});

const SNAPSHOT: Snapshot = {
  status: {
    version: "1.2.3",
    store: { kind: "redis", ready: true, breakerOpen: true },
    rules: {
      rules: 2,
      loadedAt: "2026-11-23T10:00:00Z",
      lastReload: { result: "refused", at: "2026-11-23T11:00:00Z", faults: ["a.yaml:1:2: unknown key\n  x\n  ^"] },
    },
    enforcement: { paused: false },
  },
  traffic: {
    at: "2026-11-23T12:00:02Z",
    decisions: { ok: 30, over_limit: 7 },
    rules: Array.from({ length: 50 }, (_, i) => ({
      domain: "d",
      rule: `r${i}`,
      okPerSecond: i,
      overLimitPerSecond: 0,
    })),
  },
  limited: [{ domain: "d", descriptor: [{ key: "k", digest: "abc" }], rule: "k", refusedPerSecond: 250.4 }],
  overrides: [],
};

describe("a frame of weir top", () => {
  const before = {
    ...SNAPSHOT,
    traffic: { ...SNAPSHOT.traffic, at: "2026-11-23T12:00:00Z", decisions: { ok: 10, over_limit: 9 } },
  };

  it("has rates from two snapshots, 0 where counts went away, and none for the first", () => {
    expect(frameOf(SNAPSHOT, before).decisionsPerSecond).toEqual({ ok: 10, over_limit: 0 });
    expect(frameOf(SNAPSHOT, undefined).decisionsPerSecond).toBeUndefined();
    expect(frameOf(SNAPSHOT, SNAPSHOT).decisionsPerSecond).toBeUndefined();
    expect(JSON.parse(frameAsJson(frameOf(SNAPSHOT, before)))).toMatchObject({ decisionsPerSecond: { ok: 10 } });
  });

  it("shows as an alarm that the store is not asked, and why rules were refused", () => {
    const alarms = frameLines(frameOf(SNAPSHOT, before), { columns: 200 }).filter(({ style }) => style === "alarm");
    expect(alarms.map(({ text }) => text)).toEqual([
      expect.stringMatching(/^weir 1\.2\.3 {3}store redis breaker open {3}2 rules since .*, reload refused /),
      "a.yaml:1:2: unknown key",
    ]);
  });

  it.each([
    [200, undefined],
    [80, 24],
    [20, 5],
    [1, 1],
  ])("fits into %i columns and %s rows", (columns, rows) => {
    const lines = frameLines(frameOf(SNAPSHOT, before), { columns, rows });
    expect(lines.length).toBeLessThanOrEqual(rows ?? 200);
    for (const { text } of lines) expect(widthOf(text)).toBeLessThanOrEqual(columns);
  });

  it("tells how much it leaves out, and digests in place of values", () => {
    const text = frameLines(frameOf(SNAPSHOT, before), { columns: 80 }).map((line) => line.text);
    expect(text).toContain("and 30 more");
    expect(text.find((line) => line.startsWith("d: k=#abc"))).toMatch(/ k +250$/);
  });
});
