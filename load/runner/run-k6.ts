import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { findProgram, TOOLS } from "../../test/support/find-program.js";
import { launch, type Program } from "../../test/support/program.js";
import { until } from "../../test/support/until.js";
import { type K6Summary, readK6Summary } from "./k6-summary.js";
import type { Scenario } from "./scenarios.js";

const SCRIPTS = resolve(import.meta.dirname, "..");
const STEPS = 10;
/** What k6 needs to begin, and to wait for the last answers. */
const MARGIN_MILLIS = 60_000;
/** Where cores are few, the load waits for one, which k6 tells, and not the answers to it. */
const LAST = ["-n", "19"];
/** A threshold was crossed; the summary is there all the same. */
const CROSSED = 99;

function k6Path(): string {
  const found = findProgram("k6", [join(TOOLS, "bin")]);
  if (found === undefined) throw new Error("k6 is not on this machine: run `bash scripts/ensure-load-tools.sh`");
  return found;
}

/**
 * Runs a scenario against a front proxy.
 * @param onStart hears of k6 as soon as it runs
 * @throws Error with k6's own words where it did not run to the end
 */
export async function runK6(
  { script, rate, seconds, buckets }: Scenario,
  target: string,
  onStart: (k6: Program) => void,
): Promise<K6Summary> {
  const folder = await mkdtemp(join(tmpdir(), "weir-load-"));
  try {
    const summary = join(folder, "summary.json");
    // Its own page on a port of the system's choice, so that it is in no one's way.
    const args = ["run", "--quiet", "--no-color", "--address", "127.0.0.1:0", "--summary-export", summary];
    const env = {
      PATH: process.env.PATH,
      HOME: folder,
      K6_NO_USAGE_REPORT: "true",
      K6_AUTO_EXTENSION_RESOLUTION: "false",
      TARGET: target,
      RATE: String(rate),
      DURATION: `${seconds}s`,
      STEP: String(seconds / STEPS),
    };
    const k6 = await launch("nice", [...LAST, k6Path(), ...args, script], { cwd: SCRIPTS, env });
    onStart(k6);
    try {
      const end = await until("k6 has ended", () => k6.ended(), seconds * 1000 + MARGIN_MILLIS);
      if (end !== 0 && end !== CROSSED) throw new Error(`k6 ended with ${end}. Its words:\n${k6.output()}`);
      return readK6Summary(await readFile(summary, "utf8"), Object.keys(buckets));
    } finally {
      await k6.stop();
    }
  } finally {
    await rm(folder, { recursive: true });
  }
}
