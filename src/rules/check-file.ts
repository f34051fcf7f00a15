import type { Algorithm } from "../limits/limit.js";
import type { ValidFile } from "./compile.js";
import type { ReadFile } from "./domain-files.js";
import type { Fault } from "./faults.js";
import { findLimitFaults } from "./find-limit-faults.js";
import { findWarnings } from "./find-warnings.js";
import { parseYaml } from "./parse-yaml.js";
import { readDocument } from "./read-document.js";
import { rulesFileSchema } from "./schema.js";
import { locateIn, type SourceFile } from "./source-file.js";
import { validate } from "./validate.js";

/** One file as far as it came, by itself: what it has in common with others is not looked at. */
export interface CheckedFile {
  readonly readFile?: ReadFile;
  readonly validFile?: ValidFile;
  readonly faults: readonly Fault[];
}

/** Reads and checks the text of a file. */
export function checkFile(source: SourceFile, defaultAlgorithm: Algorithm): CheckedFile {
  // A byte order mark is no character of the text, and would shift the columns of the first line.
  const file = { path: source.path, text: source.text.replace(/^\u{feff}/u, "") };
  const locator = locateIn(file);
  const yaml = parseYaml(file.text, locator);
  if (yaml.document === undefined) return { faults: yaml.faults };
  const { root, faults } = readDocument(yaml.document, rulesFileSchema, locator);
  if (root === undefined) return { faults: [...yaml.faults, ...faults] };
  const checked = checkRead({ root, locator }, defaultAlgorithm);
  return { ...checked, faults: [...yaml.faults, ...faults, ...checked.faults] };
}

/** Checks a file that was read already. */
export function checkRead(readFile: ReadFile, defaultAlgorithm: Algorithm): CheckedFile {
  const { root, locator } = readFile;
  const { rules, faults } = validate(rulesFileSchema, root, locator);
  return {
    readFile,
    ...(rules !== undefined && { validFile: { rules, root, locator } }),
    faults: [...faults, ...findLimitFaults(root, locator, defaultAlgorithm), ...findWarnings(root, locator)],
  };
}
