import { type Document, isMap, isScalar, isSeq, type Node } from "yaml";
import type { Fault } from "../../rules/faults.js";
import type { Place } from "../../rules/read-document.js";
import type { Locator } from "../../rules/source-file.js";
import { readPairs, sourceOf } from "../../rules/yaml-pairs.js";
import { enter, startOf, startReading, TooManyAliases, type YamlReading } from "../../rules/yaml-reading.js";
import { isNothing } from "../../rules/yaml-scalars.js";

/** A document as plain values. */
interface PlainDocument {
  /** Undefined when there is too much of it to read. */
  readonly root: Place | undefined;
  readonly faults: readonly Fault[];
}

/**
 * Reads a document as maps, lists and the source text of scalars, null where there is nothing. The schema of test
 * files takes texts apart itself: what a map means there depends on where it stands.
 */
export function readPlainDocument(document: Document.Parsed, locator: Locator): PlainDocument {
  const reading = startReading(document, locator);
  try {
    return { root: read(document.contents, undefined, 0, reading), faults: reading.faults };
  } catch (error) {
    if (!(error instanceof TooManyAliases)) throw error;
    const message = "aliases (*) make this file too large; write out what they stand for, or use fewer";
    return { root: undefined, faults: [...reading.faults, locator.faultAt("too-many-aliases", error.offset, message)] };
  }
}

function read(node: Node | null, keyOffset: number | undefined, depth: number, reading: YamlReading): Place {
  const target = node === null ? undefined : enter(node, depth, reading);
  const place = { offset: node === null ? (keyOffset ?? 0) : startOf(node), keyOffset, node: target };
  const children = new Map<PropertyKey, Place>();
  if (isMap(target)) {
    // Without a prototype any key is just a key.
    const value: Record<string, unknown> = Object.create(null);
    for (const [key, pair] of readPairs(target, depth + 1, reading)) {
      const child = read(pair.value, pair.keyOffset, depth + 1, reading);
      children.set(key, child);
      value[key] = child.value;
    }
    return { ...place, value, children };
  }
  if (isSeq(target)) {
    const value = (target.items as Node[]).map((item, index) => {
      const child = read(item, undefined, depth + 1, reading);
      children.set(index, child);
      return child.value;
    });
    return { ...place, value, children };
  }
  const value = isScalar(target) && !isNothing(target) ? sourceOf(target) : null;
  return { ...place, value, children: undefined };
}
