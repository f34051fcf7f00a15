import type { Place } from "./read-document.js";
import type { Locator } from "./source-file.js";

/** A file that could be read, though what is in it may not be valid. */
export interface ReadFile {
  readonly root: Place;
  readonly locator: Locator;
}

/** Files by the domain that they name, in the order given; those that name none are left out. */
export function groupByDomain(files: readonly ReadFile[]): ReadFile[][] {
  const byDomain = new Map<string, ReadFile[]>();
  for (const file of files) {
    const domain = file.root.children?.get("domain")?.value;
    if (typeof domain !== "string") continue;
    const known = byDomain.get(domain);
    if (known === undefined) byDomain.set(domain, [file]);
    else known.push(file);
  }
  return [...byDomain.values()];
}
