import { mkdir, writeFile } from "node:fs/promises";
import { loadavg } from "node:os";
import { join, resolve } from "node:path";
import { checksOf, notChecked } from "./checks.js";
import { type EnvoyFigures, envoyFigures } from "./envoy-figures.js";
import { type Options, readOptions, USAGE, UsageError } from "./options.js";
import { type Finding, reportOf } from "./report.js";
import { runK6 } from "./run-k6.js";
import type { Scenario } from "./scenarios.js";
import { type SystemUnderLoad, startSystem } from "./system-under-load.js";
import { WatchedPrograms } from "./watched-programs.js";
import { weirFigures } from "./weir-figures.js";

const REPORTS = resolve(import.meta.dirname, "../../reports");
/** Longer than Envoy takes to merge its histograms (system-under-load.ts). */
const HISTOGRAM_MILLIS = 1_500;

/**
 * Runs the load tests that the arguments name.
 * @returns the exit code: 0, 1 when a check failed, 2 for arguments that cannot be followed
 */
export async function runLoadTests(args: string[]): Promise<number> {
  try {
    const options = readOptions(args);
    if (options.help) console.log(USAGE);
    return options.help ? 0 : await runAll(options);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(`${error.message}\n\n${USAGE}`);
    return 2;
  }
}

async function runAll(options: Options): Promise<number> {
  let failed = 0;
  for (const [name, scenario] of options.scenarios) {
    console.log(
      `${name}: ${scenario.rate} requests a second for ${scenario.seconds} s, ${options.weirs} Weirs; ` +
        `load of the machine before: ${loadavg()[0]?.toFixed(1)}`,
    );
    const finding = await findOut(name, scenario, options);
    console.log(reportOf(finding));
    console.log(`\nall of it: ${await keep(finding)}\n`);
    failed += finding.checks.filter(({ passed }) => !passed).length;
  }
  if (failed > 0) console.error(`${failed} checks failed`);
  return failed > 0 ? 1 : 0;
}

/** Starts everything anew, so that buckets are full and counters at 0, and runs one scenario. */
async function findOut(name: string, scenario: Scenario, options: Options): Promise<Finding> {
  const system = await startSystem(options);
  try {
    const { envoy, weirs, redis } = system;
    let watched: WatchedPrograms | undefined;
    const k6 = await runK6(scenario, envoy.url, ({ pid }) => {
      const replicas = weirs.map((weir, index) => [`weir ${index + 1}`, weir.pid] as const);
      watched = new WatchedPrograms({ k6: pid, envoy: envoy.pid, ...Object.fromEntries(replicas), redis: redis.pid() });
    });
    const programs = watched?.end() ?? [];
    const figures = { envoy: await settledFigures(system), weir: await weirFigures(weirs) };
    return {
      name,
      scenario,
      k6,
      envoy: figures.envoy,
      storeFailures: figures.weir.storeFailures,
      late: { above5Millis: figures.weir.lateShare(5), above20Millis: figures.weir.lateShare(20) },
      programs,
      checks: checksOf(scenario, { k6, ...figures, programs }),
      notChecked: notChecked(scenario),
    };
  } finally {
    await system.stop();
  }
}

async function settledFigures({ envoy }: SystemUnderLoad): Promise<EnvoyFigures> {
  await new Promise((settle) => setTimeout(settle, HISTOGRAM_MILLIS));
  return await envoyFigures(envoy);
}

/** @returns where the finding was written */
async function keep(finding: Finding): Promise<string> {
  await mkdir(REPORTS, { recursive: true });
  const file = join(REPORTS, `load-${finding.name}.json`);
  await writeFile(file, `${JSON.stringify(finding, undefined, 2)}\n`);
  return file;
}
