import type { Entry, Rule } from "./rule.js";
import { hasWildcard, isKeyWildcard, matchKeyWildcard, matchWildcard, type TextMatcher } from "./wildcard.js";

/** One level of a domain's rules, as it is searched. Built by `addNode` in file order, then only read. */
export interface Level {
  /** By key, then by value. Two lookups, so that no key and value can be taken for another pair. */
  readonly exact: Map<string, Map<string, RuleNode>>;
  /** Wildcards in values, by key, in file order. */
  readonly valueWildcards: Map<string, Wildcard[]>;
  /** Wildcards in keys, in file order. */
  readonly keyWildcards: Wildcard[];
  /** By key; any value. */
  readonly bare: Map<string, RuleNode>;
  /** How many wildcards of both kinds there are. */
  wildcards: number;
}

/** What a descriptor's entry can meet. */
export interface RuleNode {
  /** Undefined where only deeper descriptors meet a rule. */
  readonly rule: Rule | undefined;
  readonly children: Level | undefined;
}

interface Wildcard {
  /** Its place among all wildcards of the level. */
  readonly order: number;
  readonly matches: TextMatcher;
  readonly node: RuleNode;
}

export function createLevel(): Level {
  return { exact: new Map(), valueWildcards: new Map(), keyWildcards: [], bare: new Map(), wildcards: 0 };
}

/** Puts a node where entries with this key and value will meet it. Wildcards are tried in the order of these calls. */
export function addNode(level: Level, key: string, value: string | undefined, node: RuleNode): void {
  if (isKeyWildcard(key, value)) {
    level.keyWildcards.push({ order: level.wildcards++, matches: matchKeyWildcard(key), node });
  } else if (value === undefined) {
    level.bare.set(key, node);
  } else if (hasWildcard(value)) {
    listAt(level.valueWildcards, key).push({ order: level.wildcards++, matches: matchWildcard(value), node });
  } else {
    mapAt(level.exact, key).set(value, node);
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
  return level.exact.get(key)?.get(value) ?? matchWildcards(level, key, value) ?? level.bare.get(key);
}

function matchWildcards(level: Level, key: string, value: string): RuleNode | undefined {
  const byValue = level.valueWildcards.get(key)?.find((wildcard) => wildcard.matches(value));
  if (level.keyWildcards.length === 0) return byValue?.node;
  const byKey = level.keyWildcards.find((wildcard) => wildcard.matches(key));
  if (byKey === undefined) return byValue?.node;
  return byValue === undefined || byKey.order < byValue.order ? byKey.node : byValue.node;
}

function listAt(lists: Map<string, Wildcard[]>, key: string): Wildcard[] {
  const list = lists.get(key) ?? [];
  lists.set(key, list);
  return list;
}

function mapAt(maps: Map<string, Map<string, RuleNode>>, key: string): Map<string, RuleNode> {
  const map = maps.get(key) ?? new Map<string, RuleNode>();
  maps.set(key, map);
  return map;
}
