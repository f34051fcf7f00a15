import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { findProgram, TOOLS } from "../support/find-program.js";
import { launch, type Program } from "../support/program.js";
import { writeRules } from "../support/rules-folder.js";
import { until } from "../support/until.js";

const REPOSITORY = resolve(import.meta.dirname, "../..");
const SCRIPTS = resolve(REPOSITORY, "load");
const LOAD_RULES = resolve(REPOSITORY, "load/rules/load.yaml");
/** Whether it is in time and keeps its rate is not what is tested here, on a machine that may be busy. */
const PATIENT = ["--timeout", "4000", "--rate-within", "75"];

/** `npm run load`, without the build. */
function startLoad(...args: string[]): Promise<Program> {
  return launch(process.execPath, ["load/runner/main.mjs", ...args], { cwd: REPOSITORY });
}

async function endOf(program: Program): Promise<{ code: number | string; output: string }> {
  try {
    const code = await until("the load test has ended", () => program.ended(), 60_000);
    return { code, output: program.output() };
  } finally {
    await program.stop();
  }
}

async function load(...args: string[]): Promise<{ code: number | string; output: string }> {
  return endOf(await startLoad(...args));
}

/** The process that this one has started, directly, with these words in its command; undefined when there is none. */
function childOf({ pid }: Program, words: string): number | undefined {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ");
  return children.map(Number).find((child) => commandOf(child).includes(words));
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
  } catch {
    // It has ended meanwhile.
    return "";
  }
}

describe("every script for k6", () => {
  const scripts = readdirSync(SCRIPTS).filter((name) => name.endsWith(".js"));

  it("is one that k6 can read", () => {
    expect(scripts).toEqual(expect.arrayContaining(["mixed.js", "ramp.js", "steady.js"]));
    const k6 = findProgram("k6", [join(TOOLS, "bin")]);
    if (k6 === undefined) throw new Error("k6 is not on this machine: run `bash scripts/ensure-load-tools.sh`");
    for (const script of scripts) {
      const { status, stderr } = spawnSync(k6, ["inspect", script], { cwd: SCRIPTS, encoding: "utf8" });
      expect({ script, status, stderr }).toEqual({ script, status: 0, stderr: "" });
    }
  });
});

it("a short run passes its checks, and tells times, counters and programs", async () => {
  const { code, output } = await load("mixed", "--rate", "300", "--seconds", "3", ...PATIENT);
  expect(code, output).toBe(0);
  expect(output).toMatch(/^ok {6}heavy-a: admitted what its rule allows: \d+ of \d+; \d+ to \d+ should be$/m);
  expect(output).toMatch(/^ok {6}the rate was kept: \d+ requests were made, 1230 were due$/m);
  expect(output).toMatch(/^of them error \/ late \/ let through +0 \/ 0 \/ 0$/m);
  expect(output).toMatch(/^Envoy's calls to Weir, ms +[\d.]+ \/ [\d.]+/m);
  for (const program of ["k6", "envoy", "weir 1", "weir 2", "redis"])
    expect(output).toMatch(new RegExp(`^${program} `, "m"));
  const report = JSON.parse(await readFile(resolve(REPOSITORY, "reports/load-mixed.json"), "utf8"));
  expect(report.k6.requests).toBeGreaterThan(300);
  expect(report.checks.every(({ passed }: { passed: boolean }) => passed)).toBe(true);
}, 60_000);

it("rules that admit more than the scenario says fail the run", async () => {
  const shipped = await readFile(LOAD_RULES, "utf8");
  const generous = shipped.replace("requests_per_unit: 2, burst: 10", "requests_per_unit: 2, burst: 20");
  expect(generous).not.toBe(shipped);
  const rules = await writeRules(generous);
  try {
    const { code, output } = await load("steady", "--rate", "300", "--seconds", "3", "--rules", rules.path, ...PATIENT);
    expect(code, output).toBe(1);
    expect(output).toMatch(/^FAILED {2}slow: admitted what its rule allows: \d+ of \d+; \d+ to \d+ should be$/m);
    expect(output.match(/^FAILED/gm)).toHaveLength(1);
  } finally {
    await rules.remove();
  }
}, 60_000);

it("a short ramp passes its checks, tells each step, and says what it does not check", async () => {
  const { code, output } = await load("ramp", "--rate", "300", "--seconds", "5", ...PATIENT);
  expect(code, output).toBe(0);
  expect(output.match(/^\d+ +\d+( +[\d.]+){5}$/gm)).toHaveLength(10);
  expect(output).toMatch(/^ok {6}slow: admitted what its rule allows: \d+ of \d+; \d+ to \d+ should be$/m);
  expect(output).toMatch(/^not checked {2}that the rate was kept: /m);
  expect(output).not.toMatch(/^ok {6}the rate was kept/m);
}, 60_000);

it("a Weir that does not answer fails the run, and what it did not decide is told apart", async () => {
  const run = await startLoad("steady", "--rate", "100", "--seconds", "2", "--weirs", "1");
  let weir: number | undefined;
  try {
    await until("k6 runs", () => childOf(run, "steady.js"), 30_000);
    weir = await until("Weir runs", () => childOf(run, "dist/main.js"));
    process.kill(weir, "SIGSTOP");
    await until("k6 has ended", () => (childOf(run, "steady.js") === undefined ? true : undefined), 30_000);
  } finally {
    if (weir !== undefined) process.kill(weir, "SIGCONT");
  }
  const { code, output } = await endOf(run);
  expect(code, output).toBe(1);
  expect(output).toMatch(/^FAILED {2}Envoy counts no call to Weir as an error: \d+, not 0$/m);
  expect(output).toMatch(/^FAILED {2}Envoy counts no call to Weir as late: \d+, not 0$/m);
  expect(output).toMatch(/^FAILED {2}Envoy let no request through for want of an answer: \d+, not 0$/m);
  expect(output).toMatch(/^ok {6}Envoy let through without an answer what k6 saw without a limit: [1-9]\d*$/m);
}, 90_000);

it("options that cannot be followed are told, with what could be", async () => {
  expect(await load("stedy")).toEqual({
    code: 2,
    output: expect.stringContaining("stedy: there is no such scenario, only steady, mixed, ramp, soak"),
  });
  const { code, output } = await load("steady", "--rate", "many");
  expect(code).toBe(2);
  expect(output).toContain("--rate many: a whole number from 1 to 1000000 is wanted");
});
