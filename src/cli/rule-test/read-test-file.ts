import { type Fault, sortFaults } from "../../rules/faults.js";
import { parseYaml } from "../../rules/parse-yaml.js";
import type { Place } from "../../rules/read-document.js";
import { type Locator, locateIn, type SourceFile } from "../../rules/source-file.js";
import { checkShape } from "./check-shape.js";
import { checkStories } from "./check-stories.js";
import { readPlainDocument } from "./plain-document.js";
import type { TestFile } from "./test-file.js";

/** A test file that makes sense, and where everything in it stands. */
export interface ReadTestFile {
  readonly source: SourceFile;
  readonly file: TestFile;
  readonly root: Place;
  readonly locator: Locator;
}

/** A test file, or all that is wrong with it. */
export type TestFileResult =
  | { readonly read: ReadTestFile; readonly faults: readonly Fault[] }
  | { readonly read?: undefined; readonly faults: readonly Fault[] };

/** Reads one test file. Never throws: faults say what is wrong, as they do for rules. */
export function readTestFile(given: SourceFile): TestFileResult {
  const source = { path: given.path, text: given.text.replace(/^\u{feff}/u, "") };
  const locator = locateIn(source);
  if (!HAS_CONTENT.test(source.text)) {
    return { faults: [locator.faultAt("empty-file", 0, "the file is empty; it must have at least rules and tests")] };
  }
  const yaml = parseYaml(source.text, locator);
  if (yaml.document === undefined) return { faults: yaml.faults };
  const { root, faults } = readPlainDocument(yaml.document, locator);
  if (root === undefined || faults.length > 0) return { faults: sortFaults([...yaml.faults, ...faults]) };
  const shape = checkShape(root, locator);
  if (shape.file === undefined) return { faults: sortFaults([...yaml.faults, ...shape.faults]) };
  const stories = checkStories(shape.file, root, locator);
  if (stories.length > 0) return { faults: sortFaults([...yaml.faults, ...stories]) };
  return { read: { source, file: shape.file, root, locator }, faults: yaml.faults };
}

/** A line with more than blanks and a comment. */
const HAS_CONTENT = /^[^\S\n]*[^\s#]/m;
