import { allDescriptors, limitsOf, valueAt, valueOffsetOf } from "./descriptor-places.js";
import { groupByDomain, type ReadFile } from "./domain-files.js";
import type { Fault } from "./faults.js";
import { nearest } from "./nearest.js";
import { quote } from "./quote.js";
import type { Place } from "./read-document.js";

/** Names in `replaces` that no limit of the domain has, in whatever file. */
export function findUnknownReplaces(files: readonly ReadFile[]): Fault[] {
  return groupByDomain(files).flatMap(findInDomain);
}

function findInDomain(files: readonly ReadFile[]): Fault[] {
  const names = new Set<string>();
  for (const { root } of files) {
    for (const limit of allLimits(root)) {
      const name = valueAt(limit, "name");
      if (typeof name === "string" && name !== "") names.add(name);
    }
  }
  return files.flatMap(({ root, locator }) =>
    replacesOf(root)
      .filter(({ name }) => !names.has(name))
      .map(({ name, offset }) => locator.faultAt("unknown-replaces", offset, describeUnknown(name, names))),
  );
}

function* allLimits(root: Place): Generator<Place, void, undefined> {
  for (const descriptor of allDescriptors(root)) yield* limitsOf(descriptor);
}

function replacesOf(root: Place): { name: string; offset: number }[] {
  const found: { name: string; offset: number }[] = [];
  for (const limit of allLimits(root)) {
    for (const entry of limit.children?.get("replaces")?.children?.values() ?? []) {
      const name = valueAt(entry, "name");
      if (typeof name === "string" && name !== "") found.push({ name, offset: valueOffsetOf(entry, "name") });
    }
  }
  return found;
}

/** With more names than this, the nearest one is not looked for. */
const MOST_NAMES = 1_000;

function describeUnknown(name: string, names: ReadonlySet<string>): string {
  const near = names.size > MOST_NAMES ? undefined : nearest(name, [...names]);
  const hint = near === undefined ? "" : `; did you mean ${quote(near)}?`;
  return `replaces names ${quote(name)}, but no limit of this domain has that name${hint}`;
}
