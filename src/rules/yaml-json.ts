import { isMap, isNode, isScalar, isSeq, type Node } from "yaml";
import type { JsonValue } from "./rule.js";
import { readPairs, sourceOf } from "./yaml-pairs.js";
import { addFault, enter, startOf, type YamlReading } from "./yaml-reading.js";
import { describeNode } from "./yaml-scalars.js";

/** Free-form YAML as JSON has it, typed as YAML 1.2 types it. Objects have no prototype: any key is just a key. */
export function readJson(node: Node | null, depth: number, reading: YamlReading): JsonValue {
  const target = node === null ? undefined : enter(node, depth, reading);
  if (isMap(target)) {
    const object: Record<string, JsonValue> = Object.create(null);
    for (const [key, pair] of readPairs(target, depth + 1, reading)) {
      object[key] = readJson(pair.value, depth + 1, reading);
    }
    return object;
  }
  if (isSeq(target)) {
    if (target.items.every(isNode)) return target.items.map((item) => readJson(item, depth + 1, reading));
    addFault(reading, "invalid-metadata", startOf(target), "a tag such as !!omap or !!pairs has no place in metadata");
    return null;
  }
  if (!isScalar(target)) return null;
  const { value } = target;
  if (value === null || typeof value === "boolean" || typeof value === "string") return value;
  if (typeof value !== "number") return sourceOf(target);
  if (Number.isFinite(value)) return value;
  addFault(reading, "invalid-metadata", startOf(target), `${describeNode(target)} is no number that JSON knows`);
  return null;
}
