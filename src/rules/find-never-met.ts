import { patternOf } from "./descriptor-pattern.js";
import { descriptorsOf } from "./descriptor-places.js";
import { groupByDomain, type ReadFile } from "./domain-files.js";
import type { Fault } from "./faults.js";
import { labelStep } from "./label.js";
import { quote } from "./quote.js";
import type { Place } from "./read-document.js";
import type { Locator } from "./source-file.js";
import { kindOfStep, type StepPattern } from "./step-kind.js";
import { WildcardCover } from "./wildcard-cover.js";

/** A descriptor as far as it matters for which one is met. */
interface Candidate {
  readonly pattern: StepPattern;
  readonly place: Place;
  readonly locator: Locator;
}

/**
 * Descriptors that nothing can meet, since a wildcard that is tried before meets all that they would. Only what is
 * certain: it compares wildcards with what comes after them, not networks or regular expressions with each other.
 */
export function findNeverMet(files: readonly ReadFile[]): Fault[] {
  return groupByDomain(files).flatMap((domain) => {
    return findInList(domain.flatMap(({ root, locator }) => candidatesIn(root, locator)));
  });
}

function candidatesIn(parent: Place, locator: Locator): Candidate[] {
  return [...descriptorsOf(parent)].flatMap((place) => {
    const pattern = patternOf(place);
    return pattern === undefined ? [] : [{ pattern, place, locator }];
  });
}

/** @param list all descriptors at one place of a domain, in file order */
function findInList(list: readonly Candidate[]): Fault[] {
  const cover = new WildcardCover<Candidate>();
  const wildcards = list.flatMap((candidate) => judgeWildcard(candidate, cover));
  // The others are tried after all wildcards, wherever those stand.
  const others = list.flatMap((candidate) => judgeOther(candidate, cover));
  const below = list.flatMap(({ place, locator }) => findInList(candidatesIn(place, locator)));
  return [...wildcards, ...others, ...below];
}

/** Judges a wildcard by those before it, and adds it to them. */
function judgeWildcard(candidate: Candidate, cover: WildcardCover<Candidate>): Fault[] {
  const { pattern } = candidate;
  const { key, value = "" } = pattern;
  const kind = kindOfStep(pattern);
  if (kind === "key_wildcard") {
    const wider = cover.findForKey(key.slice(0, -1));
    if (wider === undefined) cover.addKeyWildcard(pattern, candidate);
    return tellOf(candidate, wider);
  }
  if (kind !== "wildcard") return [];
  const wider = cover.findForKey(key) ?? cover.findForValue(key, value);
  if (wider === undefined) cover.addValueWildcard(pattern, candidate);
  return tellOf(candidate, wider);
}

function judgeOther(candidate: Candidate, cover: WildcardCover<Candidate>): Fault[] {
  const { key } = candidate.pattern;
  const kind = kindOfStep(candidate.pattern);
  if (kind !== "cidr" && kind !== "regex" && kind !== "any") return [];
  return tellOf(candidate, cover.findForKey(key) ?? cover.findForValue(key, "*"));
}

function tellOf({ pattern, place, locator }: Candidate, wider: Candidate | undefined): Fault[] {
  // The same pattern again is an error of its own.
  if (wider === undefined || labelStep(wider.pattern) === labelStep(pattern)) return [];
  const { file, line, column } = wider.locator.positionAt(wider.place.offset);
  const { key, value } = wider.pattern;
  const what = value === undefined ? `key ${quote(key)}` : `value ${quote(value)}`;
  const message = `this descriptor is never met: the ${what} at ${file}:${line}:${column} is tried first and meets all that it would`;
  return [locator.faultAt("never-met", place.offset, message)];
}
