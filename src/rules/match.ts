import { MatchMemory } from "./match-memory.js";
import { readNetwork } from "./network.js";
import { NetworkTable } from "./network-table.js";
import { RegexList } from "./regex-list.js";
import type { Entry, Rule } from "./rule.js";
import { kindOfStep, type StepPattern } from "./step-kind.js";
import { matchKeyWildcard, matchWildcard, type TextMatcher } from "./wildcard.js";

/** One level of a domain's rules, as it is searched. Built by `addNode` in file order, then only read. */
export interface Level {
  /** By key, then by value. Two lookups, so that no key and value can be taken for another pair. */
  readonly exact: Map<string, Map<string, RuleNode>>;
  /** Wildcards in values, by key, in file order. */
  readonly valueWildcards: Map<string, Wildcard[]>;
  /** Wildcards in keys, in file order. */
  readonly keyWildcards: Wildcard[];
  /** By key. */
  readonly networks: Map<string, NetworkTable<RuleNode>>;
  /** By key. */
  readonly regexes: Map<string, RegexList<RuleNode>>;
  /** By key; any value. */
  readonly bare: Map<string, RuleNode>;
  /** How many wildcards of both kinds there are. */
  wildcards: number;
  readonly memory: RegexMemory;
}

/** What all levels of a rule set share. */
export interface RegexMemory {
  readonly matches: MatchMemory;
  /** How many lists of regular expressions there are. */
  lists: number;
}

/** What a descriptor's entry can meet. */
export interface RuleNode {
  /** Undefined where only deeper descriptors meet a rule. */
  rule: Rule | undefined;
  children: Level | undefined;
}

interface Wildcard {
  /** Its place among all wildcards of the level. */
  readonly order: number;
  readonly matches: TextMatcher;
  readonly node: RuleNode;
}

export function createRegexMemory(): RegexMemory {
  return { matches: new MatchMemory(), lists: 0 };
}

export function createLevel(memory = createRegexMemory()): Level {
  return {
    exact: new Map(),
    valueWildcards: new Map(),
    keyWildcards: [],
    networks: new Map(),
    regexes: new Map(),
    bare: new Map(),
    wildcards: 0,
    memory,
  };
}

/** Puts a node where entries that the step takes will meet it. What has an order is tried in that of these calls. */
export function addNode(level: Level, step: StepPattern, node: RuleNode): void {
  const { key, value = "", cidr = "", regex = "" } = step;
  switch (kindOfStep(step)) {
    case "exact":
      getOrAdd(level.exact, key, () => new Map<string, RuleNode>()).set(value, node);
      return;
    case "wildcard":
      getOrAdd(level.valueWildcards, key, (): Wildcard[] => []).push(wildcardOf(level, matchWildcard(value), node));
      return;
    case "key_wildcard":
      level.keyWildcards.push(wildcardOf(level, matchKeyWildcard(key), node));
      return;
    case "cidr":
      addNetwork(level, key, cidr, node);
      return;
    case "regex":
      getOrAdd(level.regexes, key, () => new RegexList<RuleNode>(level.memory.lists++, level.memory.matches)).add(
        regex,
        node,
      );
      return;
    case "any":
      level.bare.set(key, node);
  }
}

/** The rule that entries meet; see `DomainRules.match`. */
export function matchEntries(root: Level, entries: readonly Entry[]): Rule | undefined {
  let level: Level | undefined = root;
  let node: RuleNode | undefined;
  for (const entry of entries) {
    node = level === undefined ? undefined : matchEntry(level, entry);
    if (node === undefined) return undefined;
    level = node.children;
  }
  return node?.rule;
}

function matchEntry(level: Level, { key, value }: Entry): RuleNode | undefined {
  return (
    level.exact.get(key)?.get(value) ??
    matchWildcards(level, key, value) ??
    level.networks.get(key)?.find(value) ??
    level.regexes.get(key)?.find(value) ??
    level.bare.get(key)
  );
}

function matchWildcards(level: Level, key: string, value: string): RuleNode | undefined {
  const byValue = level.valueWildcards.get(key)?.find((wildcard) => wildcard.matches(value));
  if (level.keyWildcards.length === 0) return byValue?.node;
  const byKey = level.keyWildcards.find((wildcard) => wildcard.matches(key));
  if (byKey === undefined) return byValue?.node;
  return byValue === undefined || byKey.order < byValue.order ? byKey.node : byValue.node;
}

function wildcardOf(level: Level, matches: TextMatcher, node: RuleNode): Wildcard {
  return { order: level.wildcards++, matches, node };
}

function addNetwork(level: Level, key: string, cidr: string, node: RuleNode): void {
  const network = readNetwork(cidr);
  // The grammar lets no other text pass.
  if (network === undefined) throw new TypeError(`not a network: ${cidr}`);
  getOrAdd(level.networks, key, () => new NetworkTable<RuleNode>()).set(network, node);
}

function getOrAdd<Value>(map: Map<string, Value>, key: string, create: () => Value): Value {
  const known = map.get(key);
  if (known !== undefined) return known;
  const created = create();
  map.set(key, created);
  return created;
}
