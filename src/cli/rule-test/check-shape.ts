import type { z } from "zod";
import type { Fault } from "../../rules/faults.js";
import { nearest } from "../../rules/nearest.js";
import { quote } from "../../rules/quote.js";
import type { Place } from "../../rules/read-document.js";
import type { Locator } from "../../rules/source-file.js";
import { findPlace } from "../../rules/validate.js";
import { describeNode } from "../../rules/yaml-scalars.js";
import { testFileSchema } from "./schema.js";
import type { TestFile } from "./test-file.js";

/** What the grammar says of a test file: the file, or every fault in it. */
export type Shape =
  | { readonly file: TestFile; readonly faults?: undefined }
  | { readonly file?: undefined; readonly faults: readonly Fault[] };

/** Holds a document against the grammar of test files. */
export function checkShape(root: Place, locator: Locator): Shape {
  const result = testFileSchema.safeParse(root.value);
  if (result.success) return { file: result.data };
  return { faults: result.error.issues.flatMap((issue) => describeIssue(issue, root, locator)) };
}

function describeIssue(issue: z.core.$ZodIssue, root: Place, locator: Locator): Fault[] {
  const { place, found } = findPlace(root, issue.path);
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => unknownKey(key, issue.message.split(" "), place, locator));
  }
  const name = nameOf(issue.path);
  const keyOffset = place.keyOffset ?? place.offset;
  if (!found) return [locator.faultAt("missing-key", keyOffset, `${name} is required`)];
  if (place.value === null)
    return [locator.faultAt("wrong-type", keyOffset, `${name} must be ${issue.message}, not nothing`)];
  const was = place.node === undefined ? "this" : describeNode(place.node);
  return [locator.faultAt("wrong-type", place.offset, `${name} must be ${issue.message}, not ${was}`)];
}

function unknownKey(key: string, known: readonly string[], map: Place, locator: Locator): Fault {
  const near = nearest(key, known);
  const hint = near === undefined ? `here may be ${known.join(", ")}` : `did you mean "${near}"?`;
  const offset = map.children?.get(key)?.keyOffset ?? map.offset;
  return locator.faultAt("unknown-key", offset, `unknown key ${quote(key)}; ${hint}`);
}

function nameOf(path: readonly PropertyKey[]): string {
  const last = path.at(-1);
  if (last === undefined) return "a test file";
  return typeof last === "number" ? `each item of ${String(path.at(-2))}` : String(last);
}
