import { descriptorsOf, valueAt } from "../descriptor-places.js";
import { quote } from "../quote.js";
import type { Place } from "../read-document.js";
import { type Locator, locateIn, type SourceFile } from "../source-file.js";

/** A descriptor and those it stands in. */
interface Marked {
  readonly place: Place;
  readonly index: number;
  readonly above: Marked | undefined;
}

/**
 * A locator whose faults say in which descriptor of the resource they are, as in `descriptors[0] (key "a") >
 * descriptors[2] (key "b", value "c"): unit is required`: who sent it has not seen its lines.
 * @param domain said before them; undefined: the file's path says it
 * @param root what is in the file, in which what a descriptor says itself stands before the descriptors in it
 */
export function locateDescriptors(file: SourceFile, domain: string | undefined, root: Place): Locator {
  const { positionAt, faultAt } = locateIn(file);
  const inDomain = domain === undefined ? [] : [`domain ${quote(domain)}`];
  let marks: readonly Marked[] | undefined;
  return {
    positionAt,
    faultAt(code, offset, message) {
      marks ??= [...markBelow(root, undefined)];
      const within = lastAtMost(marks, offset);
      const path = [...inDomain, ...(within === undefined ? [] : [describePath(within)])].join(" > ");
      return faultAt(code, offset, path === "" ? message : `${path}: ${message}`);
    },
  };
}

/** In the order of their offsets. */
function* markBelow(parent: Place, above: Marked | undefined): Generator<Marked> {
  let index = 0;
  for (const place of descriptorsOf(parent)) {
    const marked = { place, index: index++, above };
    yield marked;
    yield* markBelow(place, marked);
  }
}

function lastAtMost(marks: readonly Marked[], offset: number): Marked | undefined {
  let low = 0;
  let high = marks.length;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if ((marks[middle] as Marked).place.offset <= offset) low = middle + 1;
    else high = middle;
  }
  return marks[low - 1];
}

function describePath({ place, index, above }: Marked): string {
  const parts = ["key", "value"].flatMap((name) => {
    const value = valueAt(place, name);
    return typeof value === "string" ? [`${name} ${quote(value)}`] : [];
  });
  const own = `descriptors[${index}]${parts.length === 0 ? "" : ` (${parts.join(", ")})`}`;
  return above === undefined ? own : `${describePath(above)} > ${own}`;
}
