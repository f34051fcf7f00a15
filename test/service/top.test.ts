import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { callAdmin, entriesOf, overallCode } from "../support/admin-client.js";
import { freePort } from "../support/free-port.js";
import { launch } from "../support/program.js";
import { type RulesFolder, writeRules } from "../support/rules-folder.js";
import { until } from "../support/until.js";
import { startWeir, type WeirProcess } from "../support/weir-process.js";

const REPOSITORY = resolve(import.meta.dirname, "../..");
const TERMINAL = resolve(import.meta.dirname, "../support/terminal.py");

const RULES = `domain: shop
descriptors:
  - key: client
    rate_limit: { requests_per_unit: 1, unit: day }
  - key: path
    value: /free
    rate_limit: { unlimited: true }
`;

const ESCAPE = "\u001b[";
/** Clearing and colours. */
const DRAWING = new RegExp(`${ESCAPE.replace("[", "\\[")}[\\d;]*[JKm]`, "g");

const TOKEN = "a-token-of-some-length";
/** A value that would clear the screen and turn what follows around. */
const HOSTILE = "\u001b[2Jevil\u202e";

let rules: RulesFolder;
let folder: string;
let weir: WeirProcess;
let isOver = false;
let flow: Promise<void>;

beforeAll(async () => {
  rules = await writeRules(RULES);
  folder = await mkdtemp(join(tmpdir(), "weir-top-"));
  await writeFile(join(folder, "token"), `${TOKEN}\n`);
  weir = await startWeir({ rules: rules.path, env: { WEIR_ADMIN_TOKEN_FILE: join(folder, "token") } });
  flow = (async () => {
    while (!isOver) {
      await overallCode(weir.httpUrl, "shop", { client: HOSTILE });
      await overallCode(weir.httpUrl, "shop", { path: "/free" });
    }
  })();
});

afterAll(async () => {
  isOver = true;
  await flow;
  await weir?.stop();
  await rules?.remove();
  if (folder !== undefined) await rm(folder, { recursive: true });
});

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly errors: string;
}

function run(...flags: string[]): Promise<Ended> {
  return new Promise((done) => {
    const options = { cwd: REPOSITORY, timeout: 20_000 };
    execFile(process.execPath, ["dist/main.js", "top", ...flags], options, (error, out, errors) => {
      done({ code: error === null ? 0 : Number(error.code), out, errors });
    });
  });
}

const source = (): string[] => ["--admin", weir.adminUrl, "--token-file", join(folder, "token"), "--interval", "500ms"];

describe("weir top", () => {
  it("writes one block with --once: state, decisions, who is limited, rules, overrides", async () => {
    const { code, out, errors } = await run(...source(), "--once");
    expect({ code, errors }).toEqual({ code: 0, errors: "" });
    expect(out).toMatch(/^weir \d+\.\d+\.\d+ {3}store memory ready {3}2 rules since \d\d:\d\d:\d\d\n/);
    expect(out).toMatch(/\ndecisions\/s {3}ok \d+\.\d {3}over_limit [1-9][\d.]* {3}unlimited [1-9][\d.]*\n/);
    expect(out).toMatch(/\nLIMITED +RULE +REFUSED\/S\nshop: client=\\u001b\[2Jevil\\u202e +client +[1-9][\d.]*\n/);
    expect(out).toMatch(/\nshop: path=\/free +[1-9][\d.]* +0\.0\n/);
    expect(out).toMatch(/\nOVERRIDES\nnone\n$/);
    expect(out.replaceAll("\n", "")).not.toMatch(/\p{Cc}|\u202e/u);
    for (const line of out.split("\n")) expect(line.length).toBeLessThanOrEqual(120);
  });

  it("shows overrides, and that enforcement is paused", async () => {
    const headers = { authorization: `Bearer ${TOKEN}` };
    const decree = { forSeconds: 600, who: "ada", why: "a \u001b]0;test" };
    const limit = { requestsPerUnit: 9, unit: "hour", unitMultiplier: 2, burst: 3 };
    const override = { domain: "shop", descriptor: entriesOf({ client: "x" }), limit, ...decree };
    const { body } = await callAdmin(weir.adminUrl, "POST /api/v1/overrides", override, headers);
    await callAdmin(weir.adminUrl, "PUT /api/v1/enforcement", { paused: true, ...decree }, headers);
    try {
      const { out } = await run(...source(), "--once");
      expect(out).toMatch(/\nENFORCEMENT IS PAUSED until \S+(?: \S+)? by ada: a \\u001b\]0;test\n/);
      expect(out).toMatch(
        /\nshop: client=x {3}9 per 2 hours, burst 3, until \S+(?: \S+)?, by ada: a \\u001b\]0;test\n/,
      );
    } finally {
      await callAdmin(weir.adminUrl, "DELETE /api/v1/enforcement", undefined, headers);
      await callAdmin(weir.adminUrl, `DELETE /api/v1/overrides/${body.id}`, undefined, headers);
    }
  });

  it("writes one JSON object a frame, again and again, until it is told to end", async () => {
    const args = ["dist/main.js", "top", ...source(), "--json"];
    const program = await launch(process.execPath, args, { cwd: REPOSITORY });
    const lines = await until("two frames", () => {
      const found = program.output().split("\n").slice(0, -1);
      return found.length >= 2 ? found : undefined;
    });
    expect(await program.stop()).toBe(0);
    for (const line of lines) {
      const frame = JSON.parse(line);
      expect(frame.decisionsPerSecond.over_limit).toBeGreaterThan(0);
      expect(frame).toMatchObject({ status: { store: { kind: "memory" } }, overrides: [] });
      expect(frame.limited[0].descriptor).toEqual([{ key: "client", value: HOSTILE }]);
    }
  });

  it("exits with 3 and says why where there is no answer", async () => {
    const nobody = `http://127.0.0.1:${await freePort()}`;
    const away = await run("--admin", nobody, "--once");
    expect(away).toEqual({ code: 3, out: "", errors: `weir top: no answer from ${nobody}: ECONNREFUSED\n` });
    const stranger = await run("--admin", weir.adminUrl);
    expect(stranger).toMatchObject({ code: 3, out: "" });
    expect(stranger.errors).toContain("unauthorized: pass a valid token with --token-file FILE");
    const other = await run("--admin", weir.httpUrl);
    expect(other).toMatchObject({ code: 3, out: "" });
    expect(other.errors).toContain("(HTTP 404): is this Weir's admin API?");
  });

  it("ends quietly when whoever reads it has had enough", async () => {
    const args = ["dist/main.js", "top", ...source()];
    const child = spawn(process.execPath, args, { cwd: REPOSITORY, stdio: ["ignore", "pipe", "pipe"] });
    let errors = "";
    child.stderr.on("data", (text) => {
      errors += String(text);
    });
    await once(child.stdout, "data");
    child.stdout.destroy();
    const [code] = await once(child, "exit");
    expect({ code, errors }).toEqual({ code: 0, errors: "" });
  });
});

describe("weir top in a terminal", () => {
  /** The program under a pseudo-terminal of 60 columns and 24 rows. */
  function inTerminal(): { readonly child: ChildProcess; readonly output: () => string } {
    const program = [process.execPath, "dist/main.js", "top", ...source()];
    const child = spawn("python3", [TERMINAL, "60", "24", ...program], { cwd: REPOSITORY, stdio: ["pipe", "pipe", 2] });
    let output = "";
    child.stdout?.setEncoding("utf8").on("data", (text) => {
      output += text;
    });
    return { child, output: () => output };
  }

  it.each([
    ["q", "q"],
    ["Ctrl-C", "\u0003"],
  ])("draws in place, fits, and leaves the terminal as it was on %s", async (_, key) => {
    const { child, output } = inTerminal();
    // Each frame begins at the top left.
    const frames = (): string[] => output().split(`${ESCAPE}H`).slice(1);
    await until("three frames", () => (frames().length >= 3 ? true : undefined));
    child.stdin?.write(key);
    await once(child, "exit");
    expect(output().startsWith(`${ESCAPE}?1049h${ESCAPE}?25l${ESCAPE}?7l`)).toBe(true);
    const last = `${ESCAPE}?7h${ESCAPE}?25h${ESCAPE}?1049l`;
    expect(
      output()
        .slice(output().indexOf(last) + last.length)
        .trim(),
    ).toBe("ended 0 same True");
    for (const frame of frames().slice(0, -1)) {
      // The terminal itself adds a \r to each line end.
      const lines = frame.replace(DRAWING, "").split(/\r+\n/);
      expect(lines.length).toBeLessThanOrEqual(24);
      for (const line of lines) expect(line.length).toBeLessThanOrEqual(60);
      expect(lines.join("")).not.toMatch(/\p{Cc}|\u202e/u);
      expect(lines.at(-1)).toBe("q quits");
    }
    expect(frames()[1]).toContain("client=\\u001b[2Jevil");
  });
});
