import type { Fault } from "./faults.js";
import { quote } from "./quote.js";
import type { Place } from "./read-document.js";
import type { Position } from "./rule.js";
import type { Locator } from "./source-file.js";

/** A file that could be read, though what is in it may not be valid. */
export interface ReadFile {
  readonly root: Place;
  readonly locator: Locator;
}

/** Descriptors seen so far at one place of a domain: by key, then by value (empty: none). */
type Seen = Map<string, Map<string, { position: Position; children: Seen }>>;

/**
 * Descriptors of one domain that are there twice, in one file or in two. It looks at what was read, not at valid rules
 * only, so that these faults are told together with all others.
 */
export function findDuplicates(files: readonly ReadFile[]): Fault[] {
  const faults: Fault[] = [];
  const domains = new Map<string, Seen>();
  for (const { root, locator } of files) {
    const domain = root.children?.get("domain")?.value;
    const known = typeof domain === "string" ? domains.get(domain) : undefined;
    const seen: Seen = known ?? new Map();
    if (typeof domain === "string") domains.set(domain, seen);
    visitDescriptors(root, seen, locator, faults);
  }
  return faults;
}

function visitDescriptors(parent: Place, seen: Seen, locator: Locator, faults: Fault[]): void {
  for (const place of parent.children?.get("descriptors")?.children?.values() ?? []) {
    const key = place.children?.get("key")?.value;
    if (typeof key !== "string") continue;
    const written = place.children?.get("value")?.value;
    const value = typeof written === "string" ? written : "";
    const byValue = seen.get(key) ?? new Map();
    seen.set(key, byValue);
    const first = byValue.get(value);
    if (first !== undefined) {
      faults.push(locator.faultAt("error", place.offset, describeDuplicate(key, value, first.position)));
      continue;
    }
    const node = { position: locator.positionAt(place.offset), children: new Map() };
    byValue.set(value, node);
    visitDescriptors(place, node.children, locator, faults);
  }
}

function describeDuplicate(key: string, value: string, first: Position): string {
  const what = value === "" ? `key ${quote(key)} without a value` : `key ${quote(key)} and value ${quote(value)}`;
  return `a descriptor with ${what} is here already: ${first.file}:${first.line}:${first.column}`;
}
