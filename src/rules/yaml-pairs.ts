import { isMap, isScalar, isSeq, type Node, Scalar, type YAMLMap } from "yaml";
import { addDuplicateKey, addFault, enter, startOf, type YamlReading } from "./yaml-reading.js";

/** A key of a YAML map and its value. */
export interface YamlPair {
  readonly keyOffset: number;
  /** Null where there is none, as in `{a}`. */
  readonly value: Node | null;
}

/**
 * The pairs of a map by key, merge keys (`<<`) resolved: own keys win over merged ones, earlier merged maps over later
 * ones. A key that stands twice, or is no text, is an error; its pair is left out.
 */
export function readPairs(map: YAMLMap, depth: number, reading: YamlReading): Map<string, YamlPair> {
  const pairs = new Map<string, YamlPair>();
  const merged: Map<string, YamlPair>[] = [];
  for (const { key, value } of map.items as { key: Node; value: Node | null }[]) {
    const keyNode = enter(key, depth, reading);
    if (keyNode === undefined) continue;
    const keyOffset = startOf(key);
    if (!isScalar(keyNode)) {
      addFault(reading, "invalid-key", keyOffset, "a key must be text, not a map or a list");
      continue;
    }
    if (isMergeKey(keyNode)) {
      merged.push(...readMerged(value, keyOffset, depth, reading));
      continue;
    }
    const text = sourceOf(keyNode);
    const first = pairs.get(text);
    if (first === undefined) pairs.set(text, { keyOffset, value });
    else addDuplicateKey(reading, text, first.keyOffset, keyOffset);
  }
  for (const others of merged) {
    for (const [key, pair] of others) if (!pairs.has(key)) pairs.set(key, pair);
  }
  return pairs;
}

/** A scalar as its author wrote it: `007`, `on`, `1.10`; without the quotes if it has any. */
export function sourceOf(scalar: Scalar): string {
  return scalar.source ?? "";
}

function isMergeKey(key: Scalar): boolean {
  return key.type === Scalar.PLAIN && key.source === "<<";
}

function readMerged(
  value: Node | null,
  keyOffset: number,
  depth: number,
  reading: YamlReading,
): Map<string, YamlPair>[] {
  const target = value === null ? undefined : enter(value, depth + 1, reading);
  if (isMap(target)) return [readPairs(target, depth + 1, reading)];
  if (isSeq(target)) {
    const maps = (target.items as Node[]).map((item) => enter(item, depth + 1, reading));
    if (maps.every((map) => isMap(map))) return maps.flatMap((map) => [readPairs(map, depth + 1, reading)]);
  }
  addFault(reading, "invalid-merge", keyOffset, "a merge key << must be given a map, or a list of maps");
  return [];
}
