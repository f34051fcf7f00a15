import { type Alias, type Document, isAlias, type Node, visit } from "yaml";
import type { FaultCode } from "./fault-codes.js";
import type { Fault } from "./faults.js";
import { quote } from "./quote.js";
import type { Locator } from "./source-file.js";
import { MAX_YAML_DEPTH } from "./yaml-depth.js";

/** How many nodes a file may have beyond the written ones, by aliases that repeat them. */
const MAX_REPEATED_NODES = 100_000;

/** One document while its nodes are read. */
export interface YamlReading {
  readonly locator: Locator;
  /** What each alias stands for. */
  readonly targets: ReadonlyMap<Node, Node>;
  /** What was found wrong so far; added to while reading. */
  readonly faults: Fault[];
  /** How many nodes may still be read. */
  nodesLeft: number;
  /** Where the alias is that was followed last. */
  lastAlias: number;
}

/** Ends the reading of a document whose aliases repeat too much. Never leaves `readDocument`. */
export class TooManyAliases extends Error {
  override readonly name = "TooManyAliases";
  readonly offset: number;

  constructor(offset: number) {
    super("too many aliases");
    this.offset = offset;
  }
}

/** Prepares a document to be read: finds what each alias stands for, which is the last such anchor before it. */
export function startReading(document: Document.Parsed, locator: Locator): YamlReading {
  const anchors = new Map<string, Node>();
  const targets = new Map<Node, Node>();
  const faults: Fault[] = [];
  let nodes = 0;

  function bind(alias: Alias): void {
    const target = anchors.get(alias.source);
    if (target !== undefined) targets.set(alias, target);
    else faults.push(locator.faultAt("unknown-anchor", startOf(alias), `no anchor &${alias.source} before this alias`));
  }

  visit(document, {
    Node(_key, node) {
      nodes += 1;
      if (isAlias(node)) bind(node);
      else if (node.anchor !== undefined) anchors.set(node.anchor, node);
    },
  });
  return { locator, targets, faults, nodesLeft: nodes + MAX_REPEATED_NODES, lastAlias: 0 };
}

/**
 * Steps onto a node, through an alias if it is one. Undefined when the alias stands for nothing (told already).
 * @param depth how many maps and lists are around it
 * @throws TooManyAliases
 */
export function enter(node: Node, depth: number, reading: YamlReading): Node | undefined {
  reading.nodesLeft -= 1;
  // Without aliases neither can happen: all nodes were counted, and parseYaml has refused what is too deep.
  if (reading.nodesLeft < 0 || depth > MAX_YAML_DEPTH) throw new TooManyAliases(reading.lastAlias);
  if (!isAlias(node)) return node;
  reading.lastAlias = startOf(node);
  return reading.targets.get(node);
}

/** Where a node begins, as an offset into the file. */
export function startOf(node: Node): number {
  return node.range?.[0] ?? 0;
}

/** Says that something is wrong at an offset. */
export function addFault(reading: YamlReading, code: FaultCode, offset: number, message: string): void {
  reading.faults.push(reading.locator.faultAt(code, offset, message));
}

/** Says that a key stands twice in one map. */
export function addDuplicateKey(reading: YamlReading, key: string, first: number, second: number): void {
  const { line, column } = reading.locator.positionAt(first);
  addFault(
    reading,
    "duplicate-key",
    second,
    `the key ${quote(key)} is in this map already, at line ${line}, column ${column}`,
  );
}
