import { isMap, isScalar, isSeq, type Node, Scalar } from "yaml";
import { quote } from "./quote.js";
import { sourceOf } from "./yaml-pairs.js";
import { addFault, startOf, type YamlReading } from "./yaml-reading.js";

const TRUE_IN_YAML_1_1 = new Set(["y", "Y", "yes", "Yes", "YES", "on", "On", "ON"]);
const FALSE_IN_YAML_1_1 = new Set(["n", "N", "no", "No", "NO", "off", "Off", "OFF"]);

/** Whether a node is `null`, `~` or nothing at all. */
export function isNothing(node: Node): boolean {
  return isScalar(node) && node.value === null;
}

/** A flag: true or false, or with a warning what only YAML 1.1 calls so. Undefined where it is neither. */
export function readFlag(scalar: Scalar, reading: YamlReading): boolean | undefined {
  if (typeof scalar.value === "boolean") return scalar.value;
  const source = sourceOf(scalar);
  if (scalar.type !== Scalar.PLAIN || scalar.tag !== undefined) return undefined;
  const flag = TRUE_IN_YAML_1_1.has(source) || (FALSE_IN_YAML_1_1.has(source) ? false : undefined);
  if (flag !== undefined) {
    addFault(reading, "yaml-1-1", startOf(scalar), `${source} is a flag in YAML 1.1 only; write ${flag}`);
  }
  return flag;
}

/**
 * A whole decimal number. Undefined where it is none: a leading zero (octal to some readers), a fraction, quotes.
 * `1_000` is one in YAML 1.1 only, as envoyproxy/ratelimit reads it, and gets a warning.
 */
export function readWholeNumber(scalar: Scalar, reading: YamlReading): number | undefined {
  const source = sourceOf(scalar);
  if (typeof scalar.value === "number" && /^-?(0|[1-9][0-9]*)$/.test(source)) return Number(source);
  if (scalar.type !== Scalar.PLAIN || scalar.tag !== undefined || !/^[1-9][0-9]*(_[0-9]+)+$/.test(source)) {
    return undefined;
  }
  const number = Number(source.replaceAll("_", ""));
  addFault(reading, "yaml-1-1", startOf(scalar), `${source} is a number in YAML 1.1 only; write ${number}`);
  return number;
}

/** A node as a message about it names it. */
export function describeNode(node: Node): string {
  if (isMap(node)) return "a map";
  if (isSeq(node)) return "a list";
  if (!isScalar(node)) return "this";
  if (node.value === null) return "nothing";
  const source = sourceOf(node);
  const plain = node.type === Scalar.PLAIN && source.length <= 60;
  return plain ? source : `the text ${quote(source)}`;
}
