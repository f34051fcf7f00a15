import { patternOf } from "./descriptor-pattern.js";
import { descriptorsOf } from "./descriptor-places.js";
import { groupByDomain, type ReadFile } from "./domain-files.js";
import type { Fault } from "./faults.js";
import { labelStep } from "./label.js";
import { quote } from "./quote.js";
import type { Place } from "./read-document.js";
import type { Position } from "./rule.js";
import type { Locator } from "./source-file.js";
import type { StepPattern } from "./step-kind.js";

/** Descriptors seen so far at one place of a domain, by the label of what they take. */
export type Seen = Map<string, SeenDescriptor>;

interface SeenDescriptor {
  readonly place: Place;
  readonly locator: Locator;
}

/**
 * Descriptors of one domain that are there twice, in one file or in two. It looks at what was read, not at valid rules
 * only, so that these faults are told together with all others.
 */
export function findDuplicates(files: readonly ReadFile[]): Fault[] {
  const faults: Fault[] = [];
  for (const domain of groupByDomain(files)) {
    const seen: Seen = new Map();
    for (const { root, locator } of domain) visitDescriptors(root, seen, locator, faults);
  }
  return faults;
}

/**
 * What a file has twice, or has already been seen at the top of its domain by others. Only a file without such faults is
 * added to what has been seen.
 */
export function findDuplicatesOf({ root, locator }: ReadFile, seen: Seen): Fault[] {
  const faults: Fault[] = [];
  const own: Seen = new Map();
  visitDescriptors(root, own, locator, faults, seen);
  if (faults.length === 0) for (const [label, descriptor] of own) seen.set(label, descriptor);
  return faults;
}

const NOTHING: Seen = new Map();

/** @param others what has been seen besides and is not added to */
function visitDescriptors(parent: Place, seen: Seen, locator: Locator, faults: Fault[], others = NOTHING): void {
  for (const place of descriptorsOf(parent)) {
    const pattern = patternOf(place);
    if (pattern === undefined) continue;
    const label = labelStep(pattern);
    const first = seen.get(label) ?? others.get(label);
    if (first !== undefined) {
      const position = first.locator.positionAt(first.place.offset);
      faults.push(locator.faultAt("duplicate-rule", place.offset, describeDuplicate(pattern, position)));
      continue;
    }
    seen.set(label, { place, locator });
    visitDescriptors(place, new Map(), locator, faults);
  }
}

function describeDuplicate(pattern: StepPattern, first: Position): string {
  return `a descriptor with ${describePattern(pattern)} is here already: ${first.file}:${first.line}:${first.column}`;
}

function describePattern({ key, value, cidr, regex }: StepPattern): string {
  if (cidr !== undefined) return `key ${quote(key)} and cidr ${quote(cidr)}`;
  if (regex !== undefined) return `key ${quote(key)} and regex ${quote(regex)}`;
  return value === undefined ? `key ${quote(key)} without a value` : `key ${quote(key)} and value ${quote(value)}`;
}
