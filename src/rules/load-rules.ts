import type { Algorithm } from "../limits/limit.js";
import { DEFAULT_ALGORITHM } from "./algorithm.js";
import { type CheckedFile, checkFile } from "./check-file.js";
import { compile } from "./compile.js";
import { type Fault, isError, sortFaults } from "./faults.js";
import { findDuplicates } from "./find-duplicates.js";
import { findNeverMet } from "./find-never-met.js";
import { findUnknownReplaces } from "./find-unknown-replaces.js";
import { readFiles } from "./read-files.js";
import type { RuleSet } from "./rule.js";
import type { SourceFile } from "./source-file.js";

/** What rules files leave to whoever runs the server. */
export interface CompileOptions {
  /** The algorithm of limits that do not say theirs, in files that do not either; token_bucket where absent. */
  readonly defaultAlgorithm?: Algorithm;
}

/** Rules, or why there are none. */
export interface LoadResult {
  /** Undefined when there is any error among the faults. */
  readonly rules: RuleSet | undefined;
  /** Errors and warnings of all files, by file, line and column. */
  readonly faults: readonly Fault[];
}

/** Reads a rules file, or all rules files of a folder, and compiles them. Never rejects: faults say what is wrong. */
export async function loadRules(path: string, options: CompileOptions = {}): Promise<LoadResult> {
  const { files, faults } = await readFiles(path);
  return compileFiles(files, faults, options);
}

/** Compiles rules files. The order of files is the order of their rules. Never throws: faults say what is wrong. */
export function compileRules(files: readonly SourceFile[], options: CompileOptions = {}): LoadResult {
  return compileFiles(files, [], options);
}

function compileFiles(
  files: readonly SourceFile[],
  readFaults: readonly Fault[],
  { defaultAlgorithm = DEFAULT_ALGORITHM }: CompileOptions,
): LoadResult {
  const checked = files.map((file) => checkFile(file, defaultAlgorithm));
  return compileChecked(checked, readFaults, defaultAlgorithm);
}

/** Compiles files that were checked each by itself. The order of files is the order of their rules. */
export function compileChecked(
  checked: readonly CheckedFile[],
  readFaults: readonly Fault[],
  defaultAlgorithm: Algorithm,
): LoadResult {
  const read = checked.flatMap(({ readFile }) => readFile ?? []);
  const faults = sortFaults([
    ...readFaults,
    ...checked.flatMap((file) => file.faults),
    ...findDuplicates(read),
    ...findNeverMet(read),
    ...findUnknownReplaces(read),
  ]);
  if (faults.some(isError)) return { rules: undefined, faults };
  const valid = checked.flatMap(({ validFile }) => validFile ?? []);
  return { rules: compile(valid, defaultAlgorithm), faults };
}
