import { writeFile } from "node:fs/promises";
import { formatFault, isError } from "../rules/faults.js";
import { readFiles } from "../rules/read-files.js";
import { type CliContext, EXIT_CODE } from "./cli-context.js";
import { countOf } from "./count-of.js";
import { readArguments, refuse } from "./read-arguments.js";
import { describeFailure } from "./rule-test/describe-failure.js";
import { junitXml } from "./rule-test/junit.js";
import { runTestFile, type TestFileRun } from "./rule-test/run-test-file.js";

const USAGE = {
  command: "test",
  line: "Usage: weir test [--junit FILE] FILE|DIR...",
  help: `Runs tests of rules: requests sent at given moments of a virtual time, and the expected answers. The engine and the
memory store are those of \`weir serve\`. docs/rule-tests.md describes the files.

  --junit FILE   also write the results as JUnit XML

Exit code: 0 when all tests pass; 1 when one fails, or a file or its rules have errors; 2 when the command line is
invalid.`,
  flags: { junit: "value" },
} as const;

/** `weir test`: runs tests of rules. Resolves with the exit code. */
export async function test(argv: readonly string[], context: CliContext): Promise<number> {
  const given = readArguments(argv, USAGE, context);
  if (typeof given === "number") return given;
  const { flags, positionals: paths } = given;
  if (paths.length === 0) return refuse("no FILE or DIR given", USAGE, context);
  const runs: TestFileRun[] = [];
  for (const path of paths) {
    for (const run of await runTestsAt(path)) {
      runs.push(run);
      showRun(run, context);
    }
  }
  const wasWritten = flags.junit === undefined || (await writeJunit(flags.junit, runs, context));
  return showSummary(runs, context) && wasWritten ? EXIT_CODE.ok : EXIT_CODE.failure;
}

async function runTestsAt(path: string): Promise<TestFileRun[]> {
  const { files, faults } = await readFiles(path);
  const errors = faults.filter(isError);
  const runs: TestFileRun[] = errors.map((fault) => {
    return { path: fault.position.file, read: undefined, faults: [fault], tests: [] };
  });
  for (const file of files) runs.push(await runTestFile(file));
  return runs;
}

function hasFailed(run: TestFileRun): boolean {
  return run.read === undefined || run.tests.some(({ failed }) => failed.length > 0);
}

function showRun(run: TestFileRun, context: CliContext): void {
  const { path, read, tests, faults } = run;
  if (read === undefined) {
    context.writeError(`BROKEN  ${path}`);
    for (const fault of faults) context.writeError(formatFault(fault));
    return;
  }
  if (!hasFailed(run)) {
    context.writeOut(`ok      ${path}  ${countOf(tests.length, "test")}`);
    return;
  }
  const failed = tests.filter((each) => each.failed.length > 0);
  context.writeError(`FAILED  ${path}  ${failed.length} of ${countOf(tests.length, "test")}`);
  for (const each of failed) {
    for (const step of each.failed) context.writeError(`\n${describeFailure(read, each.index, step)}`);
  }
  context.writeError("");
}

/** Says how it went; whether all went well. */
function showSummary(runs: readonly TestFileRun[], context: CliContext): boolean {
  const tests = runs.flatMap((run) => run.tests);
  const failed = tests.filter((each) => each.failed.length > 0).length;
  const broken = runs.filter((run) => run.read === undefined).length;
  const files = countOf(runs.length, "file");
  if (failed === 0 && broken === 0) {
    context.writeOut(`passed: ${countOf(tests.length, "test")} in ${files}`);
    return true;
  }
  const words: string[] = [];
  if (failed > 0) words.push(`failed: ${failed} of ${countOf(tests.length, "test")}`);
  if (broken > 0) words.push(`could not be run: ${broken} of ${files}`);
  context.writeError(words.join("; "));
  return false;
}

async function writeJunit(path: string, runs: readonly TestFileRun[], context: CliContext): Promise<boolean> {
  try {
    await writeFile(path, junitXml(runs));
    return true;
  } catch (error) {
    context.writeError(`weir test: cannot write ${path}: ${(error as Error).message}`);
    return false;
  }
}
