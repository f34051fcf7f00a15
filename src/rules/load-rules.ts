import type { Algorithm } from "../limits/limit.js";
import { DEFAULT_ALGORITHM } from "./algorithm.js";
import { compile, type ValidFile } from "./compile.js";
import type { ReadFile } from "./domain-files.js";
import { type Fault, sortFaults } from "./faults.js";
import { findDuplicates } from "./find-duplicates.js";
import { findLimitFaults } from "./find-limit-faults.js";
import { findNeverMet } from "./find-never-met.js";
import { findUnknownReplaces } from "./find-unknown-replaces.js";
import { findWarnings } from "./find-warnings.js";
import { parseYaml } from "./parse-yaml.js";
import { readDocument } from "./read-document.js";
import { readFiles } from "./read-files.js";
import type { RuleSet } from "./rule.js";
import { rulesFileSchema } from "./schema.js";
import { locateIn, type SourceFile } from "./source-file.js";
import { validate } from "./validate.js";

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
  return compileWith(files, faults, options);
}

/** Compiles rules files. The order of files is the order of their rules. Never throws: faults say what is wrong. */
export function compileRules(files: readonly SourceFile[], options: CompileOptions = {}): LoadResult {
  return compileWith(files, [], options);
}

function compileWith(
  files: readonly SourceFile[],
  readFaults: readonly Fault[],
  { defaultAlgorithm = DEFAULT_ALGORITHM }: CompileOptions,
): LoadResult {
  const checked = files.map((file) => checkFile(file, defaultAlgorithm));
  const read = checked.flatMap(({ readFile }) => readFile ?? []);
  const faults = sortFaults([
    ...readFaults,
    ...checked.flatMap((file) => file.faults),
    ...findDuplicates(read),
    ...findNeverMet(read),
    ...findUnknownReplaces(read),
  ]);
  if (faults.some((fault) => fault.severity === "error")) return { rules: undefined, faults };
  const valid = checked.flatMap(({ validFile }) => validFile ?? []);
  return { rules: compile(valid, defaultAlgorithm), faults };
}

/** One file as far as it came. */
interface CheckedFile {
  readonly readFile?: ReadFile;
  readonly validFile?: ValidFile;
  readonly faults: readonly Fault[];
}

function checkFile(source: SourceFile, defaultAlgorithm: Algorithm): CheckedFile {
  // A byte order mark is no character of the text, and would shift the columns of the first line.
  const file = { path: source.path, text: source.text.replace(/^\u{feff}/u, "") };
  const locator = locateIn(file);
  const yaml = parseYaml(file.text, locator);
  if (yaml.document === undefined) return { faults: yaml.faults };
  const { root, faults } = readDocument(yaml.document, rulesFileSchema, locator);
  if (root === undefined) return { faults: [...yaml.faults, ...faults] };
  const validation = validate(rulesFileSchema, root, locator);
  return {
    readFile: { root, locator },
    ...(validation.rules !== undefined && { validFile: { rules: validation.rules, root, locator } }),
    faults: [
      ...yaml.faults,
      ...faults,
      ...validation.faults,
      ...findLimitFaults(root, locator, defaultAlgorithm),
      ...findWarnings(root, locator),
    ],
  };
}
