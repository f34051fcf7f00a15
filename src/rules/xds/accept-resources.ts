import { type CheckedFile, checkFile } from "../check-file.js";
import { compareText } from "../compare-text.js";
import { type Fault, isError } from "../faults.js";
import { findDuplicatesOf, type Seen } from "../find-duplicates.js";
import type { SourceFile } from "../source-file.js";
import { type ReadOptions, type ReadResource, readResources } from "./read-resources.js";

/** A resource that is to be in force, of this update or an earlier one. */
export interface AcceptedResource {
  readonly file: SourceFile;
  readonly checked: CheckedFile;
}

/** What of an update is to be in force. */
export interface Acceptance {
  /** In the order of their paths. */
  readonly accepted: readonly AcceptedResource[];
  /** The errors of those that were refused. */
  readonly faults: readonly Fault[];
  /** None of its resources is good: better to leave in force what is, also what the update no longer has. */
  readonly isUseless: boolean;
}

/**
 * Takes the good resources of an update, and in place of a bad one what it was before, if it was. Whatever else was in
 * force is gone. Of two that have the same descriptor the one stays that is as it was, or else the first by name; what
 * was before a bad one gives way to both.
 * @param inForce the resources in force as rules files
 */
export function acceptResources(
  resources: readonly Uint8Array[],
  inForce: readonly SourceFile[],
  options: ReadOptions,
): Acceptance {
  const before = new Map(inForce.map(({ path, text }) => [path, text]));
  const read = readResources(resources, options);
  const bad = read.filter(hasErrors);
  const good = read.filter((resource) => !hasErrors(resource));
  const isUnchanged = ({ file }: ReadResource): boolean => before.get(file.path) === file.text;
  const byPriority = [...good.filter(isUnchanged), ...good.filter((resource) => !isUnchanged(resource))];
  const admission = new Admission();
  const refused = byPriority.filter((resource) => !admission.admit(resource));
  for (const file of stayingFiles(read, [...bad, ...refused], inForce)) {
    admission.admit({ file, checked: checkFile(file, options.defaultAlgorithm) });
  }
  const accepted = admission.accepted.sort((a, b) => compareText(a.file.path, b.file.path));
  const faults = [...bad.flatMap(({ checked }) => checked.faults.filter(isError)), ...admission.faults];
  return { accepted, faults, isUseless: bad.length > 0 && good.length === 0 };
}

/** What was in force under the names of those that were refused. */
function stayingFiles(
  read: readonly ReadResource[],
  refused: readonly ReadResource[],
  inForce: readonly SourceFile[],
): SourceFile[] {
  const names = new Set(refused.map(({ file }) => file.path));
  const sent = new Set(read.map(({ file }) => file.path));
  // One that does not say its name may be any of those that are missing.
  const mayBeAny = refused.some(({ isNamed }) => !isNamed);
  return inForce.filter(({ path }) => names.has(path) || (mayBeAny && !sent.has(path)));
}

function hasErrors({ checked }: ReadResource): boolean {
  return checked.faults.some(isError);
}

/** Takes one resource after the other, but for those that have a descriptor which another one has. */
class Admission {
  readonly accepted: AcceptedResource[] = [];
  readonly faults: Fault[] = [];
  readonly #seenByDomain = new Map<unknown, Seen>();

  admit({ file, checked }: AcceptedResource): boolean {
    const { readFile } = checked;
    if (readFile === undefined) return false;
    const domain = readFile.root.children?.get("domain")?.value;
    const seen = this.#seenByDomain.get(domain) ?? new Map();
    this.#seenByDomain.set(domain, seen);
    const faults = findDuplicatesOf(readFile, seen);
    if (faults.length === 0) this.accepted.push({ file, checked });
    this.faults.push(...faults);
    return faults.length === 0;
  }
}
