import type { z } from "zod";
import { FAULT_CODES, type FaultCode } from "./fault-codes.js";
import type { Fault } from "./faults.js";
import type { Place } from "./read-document.js";
import type { Locator } from "./source-file.js";
import { describeNode } from "./yaml-scalars.js";

/** What the schema says of a document. */
export interface Validation<Rules> {
  /** Undefined when there are faults; all of them are errors. */
  readonly rules: Rules | undefined;
  readonly faults: readonly Fault[];
}

/** Checks a document against the schema, and tells in the words of rules files what is wrong and where. */
export function validate<Rules>(schema: z.ZodType<Rules>, root: Place, locator: Locator): Validation<Rules> {
  const result = schema.safeParse(root.value);
  if (result.success) return { rules: result.data, faults: [] };
  const faults = result.error.issues.map((issue) => {
    const nearest = findPlace(root, issue.path);
    return locator.faultAt(codeOf(issue, nearest), offsetOf(nearest), describeIssue(issue, nearest));
  });
  return { rules: undefined, faults };
}

/** The place at the end of a path, or the last one on the way to it. */
interface NearestPlace {
  readonly place: Place;
  readonly found: boolean;
}

/** Follows a path of keys and indexes from a place down. */
export function findPlace(root: Place, path: readonly PropertyKey[]): NearestPlace {
  let place = root;
  for (const step of path) {
    const child = place.children?.get(step);
    if (child === undefined) return { place, found: false };
    place = child;
  }
  return { place, found: true };
}

/** A value where it begins; what is missing or null at the key, or else at the map that should have it. */
function offsetOf({ place, found }: NearestPlace): number {
  return found && place.value !== null ? place.offset : (place.keyOffset ?? place.offset);
}

function isMissing({ place, found }: NearestPlace): boolean {
  return !found || (place.value === null && place.keyOffset !== undefined);
}

function isEmptyText(issue: z.core.$ZodIssue): boolean {
  return issue.code === "too_small" && issue.origin === "string";
}

/** Refinements say their code themselves, see schema-fields.ts. */
function codeOf(issue: z.core.$ZodIssue, nearest: NearestPlace): FaultCode {
  if (issue.code === "custom") {
    const code: unknown = issue.params?.code;
    return typeof code === "string" && Object.hasOwn(FAULT_CODES, code) ? (code as FaultCode) : "wrong-type";
  }
  if (isMissing(nearest)) return "missing-key";
  if (isEmptyText(issue)) return "empty-text";
  const isNumber = issue.code !== "invalid_type" || issue.expected === "number" || issue.expected === "int";
  return isNumber ? "wrong-number" : "wrong-type";
}

function describeIssue(issue: z.core.$ZodIssue, nearest: NearestPlace): string {
  if (issue.code === "custom") return issue.message;
  const { place } = nearest;
  const name = nameOf(issue.path);
  if (isMissing(nearest)) return `${name} is required`;
  if (isEmptyText(issue)) return `${name} must not be empty`;
  const expected = issue.code === "invalid_type" && issue.expected === "object" ? "a map" : issue.message;
  return `${name} must be ${expected}, not ${place.node === undefined ? "nothing" : describeNode(place.node)}`;
}

function nameOf(path: readonly PropertyKey[]): string {
  const last = path[path.length - 1];
  if (last === undefined) return "a rules file";
  return typeof last === "number" ? `each item of ${String(path[path.length - 2])}` : String(last);
}
