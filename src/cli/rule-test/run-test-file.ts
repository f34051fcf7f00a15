import { dirname, isAbsolute, join } from "node:path";
import { type Fault, isError } from "../../rules/faults.js";
import { loadRules } from "../../rules/load-rules.js";
import type { SourceFile } from "../../rules/source-file.js";
import { type ReadTestFile, readTestFile } from "./read-test-file.js";
import { type FailedStep, runTest } from "./run-test.js";

/** A test that was run. */
export interface TestResult {
  readonly name: string;
  /** Where it stands in its file, from 0. */
  readonly index: number;
  /** None when it passed. */
  readonly failed: readonly FailedStep[];
  readonly seconds: number;
}

/** What became of a test file. */
export interface TestFileRun {
  readonly path: string;
  /** Undefined where the file, or its rules, are broken: then no test was run, and faults say why. */
  readonly read: ReadTestFile | undefined;
  readonly faults: readonly Fault[];
  readonly tests: readonly TestResult[];
}

/** Reads a test file and its rules, and runs its tests one after the other. Never rejects for what is in the files. */
export async function runTestFile(source: SourceFile): Promise<TestFileRun> {
  const { path } = source;
  const { read, faults } = readTestFile(source);
  if (read === undefined) return { path, read, faults, tests: [] };
  const rulesPath = rulesPathOf(path, read.file.rules);
  const defaultAlgorithm = read.file.settings?.default_algorithm;
  const loaded = await loadRules(rulesPath, defaultAlgorithm === undefined ? {} : { defaultAlgorithm });
  if (loaded.rules === undefined) {
    return { path, read: undefined, faults: loaded.faults.filter(isError), tests: [] };
  }
  const tests: TestResult[] = [];
  for (const [index, test] of read.file.tests.entries()) {
    const startedMillis = performance.now();
    const failed = await runTest(test, read.file, loaded.rules);
    tests.push({ name: test.name, index, failed, seconds: (performance.now() - startedMillis) / 1000 });
  }
  return { path, read, faults: [], tests };
}

/** Paths in a test file start where it stands, so that it does not matter where the command is run. */
function rulesPathOf(testFile: string, rules: string): string {
  return isAbsolute(rules) ? rules : join(dirname(testFile), rules);
}
