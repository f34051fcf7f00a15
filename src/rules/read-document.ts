import { type Document, isMap, isScalar, isSeq, type Node, type Scalar, type YAMLMap, type YAMLSeq } from "yaml";
import { z } from "zod";
import type { Fault } from "./faults.js";
import type { Locator } from "./source-file.js";
import { judgeUnknownKey } from "./unknown-key.js";
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
    const root = read(schema, document.contents, undefined, 0, reading);
    return { root, faults: reading.faults };
  } catch (error) {
    if (!(error instanceof TooManyAliases)) throw error;
    const message = "aliases (*) make this file too large; write out what they stand for, or use fewer";
    return { root: undefined, faults: [...reading.faults, locator.faultAt("error", error.offset, message)] };
  }
}

function read(
  schema: unknown,
  node: Node | null,
  keyOffset: number | undefined,
  depth: number,
  reading: YamlReading,
): Place {
  const target = node === null ? undefined : enter(node, depth, reading);
  const place = { offset: node === null ? (keyOffset ?? 0) : startOf(node), keyOffset, node: target };
  const wanted = schema instanceof z.ZodOptional ? schema.unwrap() : schema;
  if (target === undefined || isNothing(target)) return { ...place, value: null, children: undefined };
  if (isScalar(target)) return { ...place, value: readScalar(wanted, target, reading), children: undefined };
  if (isMap(target) && wanted instanceof z.ZodObject) return { ...place, ...readMap(wanted, target, depth, reading) };
  if (isSeq(target) && wanted instanceof z.ZodArray) return { ...place, ...readList(wanted, target, depth, reading) };
  const value = wanted instanceof z.ZodCustom ? readJson(target, depth, reading) : isSeq(target) ? [] : {};
  return { ...place, value, children: undefined };
}

function readScalar(wanted: unknown, scalar: Scalar, reading: YamlReading): unknown {
  const source = sourceOf(scalar);
  if (wanted instanceof z.ZodBoolean) return readFlag(scalar, reading) ?? source;
  if (wanted instanceof z.ZodNumber) return readWholeNumber(scalar, reading) ?? source;
  return source;
}

type Contents = Pick<Place, "value" | "children">;

function readMap(wanted: z.ZodObject, map: YAMLMap, depth: number, reading: YamlReading): Contents {
  const value: Record<string, unknown> = {};
  const children = new Map<string, Place>();
  for (const [key, pair] of readPairs(map, depth + 1, reading)) {
    if (!Object.hasOwn(wanted.shape, key)) {
      const known = Object.keys(wanted.shape);
      const { severity, message } = judgeUnknownKey(key, wanted.meta()?.title ?? "this map", known);
      addFault(reading, severity, pair.keyOffset, message);
      continue;
    }
    const place = read(wanted.shape[key], pair.value, pair.keyOffset, depth + 1, reading);
    children.set(key, place);
    if (place.value !== null) value[key] = place.value;
  }
  return { value, children };
}

function readList(wanted: z.ZodArray, list: YAMLSeq, depth: number, reading: YamlReading): Contents {
  const children = new Map<number, Place>();
  const value = (list.items as Node[]).map((item, index) => {
    const place = read(wanted.element, item, undefined, depth + 1, reading);
    children.set(index, place);
    return place.value;
  });
  return { value, children };
}
