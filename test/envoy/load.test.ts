import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { expect, it } from "vitest";
import { writeRules } from "../support/rules-folder.js";

const REPOSITORY = resolve(import.meta.dirname, "../..");
const LOAD_RULES = resolve(REPOSITORY, "load/rules/load.yaml");
/** Whether it is in time is not what is tested here, on a machine that may be busy. */
const PATIENT = ["--timeout", "4000"];

/** `npm run load`, without the build. */
async function load(...args: string[]): Promise<{ code: number; output: string }> {
  const child = spawn(process.execPath, ["load/runner/main.mjs", ...args], { cwd: REPOSITORY });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  const [code] = await once(child, "close");
  return { code, output };
}

it("a short run passes its checks, and tells times, counters and programs", async () => {
  const { code, output } = await load("mixed", "--rate", "300", "--seconds", "3", ...PATIENT);
  expect(code, output).toBe(0);
  expect(output).toMatch(/^ok {6}heavy-a: admitted what its rule allows: \d+ of \d+; \d+ to \d+ should be$/m);
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

it("answers that come too late for Envoy fail the run", async () => {
  const { code, output } = await load("steady", "--rate", "300", "--seconds", "3", "--timeout", "1");
  expect(code, output).toBe(1);
  expect(output).toMatch(/^FAILED {2}Envoy let no request through for want of an answer: \d+, not 0$/m);
}, 60_000);

it("options that cannot be followed are told, with what could be", async () => {
  expect(await load("stedy")).toEqual({
    code: 2,
    output: expect.stringContaining("stedy: there is no such scenario, only steady, mixed, ramp, soak"),
  });
  const { code, output } = await load("steady", "--rate", "many");
  expect(code).toBe(2);
  expect(output).toContain("--rate many: a whole number from 1 to 1000000 is wanted");
});
