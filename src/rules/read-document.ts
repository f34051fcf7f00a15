import { type Document, isMap, isScalar, isSeq, type Node, type Scalar, type YAMLMap, type YAMLSeq } from "yaml";
import type { z } from "zod";
import type { Fault } from "./faults.js";
import type { Locator } from "./source-file.js";
import { judgeUnknownKey } from "./unknown-key.js";
import { type Wanted, wantedBy } from "./wanted.js";
import { readJson } from "./yaml-json.js";
import { readPairs, sourceOf } from "./yaml-pairs.js";
import { addFault, enter, startOf, startReading, TooManyAliases, type YamlReading } from "./yaml-reading.js";
import { isNothing, readFlag, readWholeNumber } from "./yaml-scalars.js";

/** A value of a rules file and where it stands. */
export interface Place {
  /**
   * What the schema is given: maps as objects without unknown keys and without those that are null, and scalars as the
   * schema wants them (source text, number or flag) or, where they are none, as their source text.
   */
  readonly value: unknown;
  /** Where the value begins; for an alias, where the alias is. */
  readonly offset: number;
  /** Where its key begins; undefined for list items and the root. */
  readonly keyOffset: number | undefined;
  /** The node that has the value; undefined where there is none. */
  readonly node: Node | undefined;
  /** The values inside, by key or index; undefined for scalars and metadata. */
  readonly children: ReadonlyMap<PropertyKey, Place> | undefined;
}

/** A document as plain values. */
export interface RulesDocument {
  /** Undefined when there is too much of it to read. */
  readonly root: Place | undefined;
  readonly faults: readonly Fault[];
}

/** Reads a document as a schema wants it: each scalar by the type that is expected in its place. Never throws. */
export function readDocument(document: Document.Parsed, schema: z.ZodType, locator: Locator): RulesDocument {
  const reading = startReading(document, locator);
  try {
    const root = read(wantedBy(schema), document.contents, undefined, 0, reading);
    return { root, faults: reading.faults };
  } catch (error) {
    if (!(error instanceof TooManyAliases)) throw error;
    const message = "aliases (*) make this file too large; write out what they stand for, or use fewer";
    return { root: undefined, faults: [...reading.faults, locator.faultAt("too-many-aliases", error.offset, message)] };
  }
}

function read(
  wanted: Wanted,
  node: Node | null,
  keyOffset: number | undefined,
  depth: number,
  reading: YamlReading,
): Place {
  const target = node === null ? undefined : enter(node, depth, reading);
  const offset = node === null ? (keyOffset ?? 0) : startOf(node);
  const { value, children } = readContents(wanted, target, depth, reading);
  return { value, offset, keyOffset, node: target, children };
}

type Contents = Pick<Place, "value" | "children">;

function readContents(wanted: Wanted, target: Node | undefined, depth: number, reading: YamlReading): Contents {
  if (target === undefined || isNothing(target)) return { value: null, children: undefined };
  if (isScalar(target)) return { value: readScalar(wanted, target, reading), children: undefined };
  if (isMap(target)) {
    if (wanted.kind === "map") return readMap(wanted, target, depth, reading);
    if (wanted.kind === "free_map") return readFreeMap(wanted.values, target, depth, reading);
  }
  if (isSeq(target) && wanted.kind === "list") return readList(wanted.items, target, depth, reading);
  const value = wanted.kind === "json" ? readJson(target, depth, reading) : isSeq(target) ? [] : {};
  return { value, children: undefined };
}

function readScalar({ kind }: Wanted, scalar: Scalar, reading: YamlReading): unknown {
  const source = sourceOf(scalar);
  if (kind === "flag") return readFlag(scalar, reading) ?? source;
  if (kind === "number") return readWholeNumber(scalar, reading) ?? source;
  return source;
}

function readMap(wanted: Wanted & { kind: "map" }, map: YAMLMap, depth: number, reading: YamlReading): Contents {
  const value: Record<string, unknown> = {};
  const children = new Map<string, Place>();
  for (const [key, pair] of readPairs(map, depth + 1, reading)) {
    const below = wanted.keys.get(key);
    if (below === undefined) {
      const { code, message } = judgeUnknownKey(key, wanted.title, [...wanted.keys.keys()]);
      addFault(reading, code, pair.keyOffset, message);
      continue;
    }
    const place = read(below, pair.value, pair.keyOffset, depth + 1, reading);
    children.set(key, place);
    if (place.value !== null) value[key] = place.value;
  }
  return { value, children };
}

function readFreeMap(wanted: Wanted, map: YAMLMap, depth: number, reading: YamlReading): Contents {
  const value: Record<string, unknown> = {};
  const children = new Map<string, Place>();
  for (const [key, pair] of readPairs(map, depth + 1, reading)) {
    if (key === "__proto__") {
      addFault(reading, "invalid-key", pair.keyOffset, "__proto__ cannot be a key here");
      continue;
    }
    const place = read(wanted, pair.value, pair.keyOffset, depth + 1, reading);
    children.set(key, place);
    value[key] = place.value;
  }
  return { value, children };
}

function readList(wanted: Wanted, list: YAMLSeq, depth: number, reading: YamlReading): Contents {
  const children = new Map<number, Place>();
  const value = (list.items as Node[]).map((item, index) => {
    const place = read(wanted, item, undefined, depth + 1, reading);
    children.set(index, place);
    return place.value;
  });
  return { value, children };
}
