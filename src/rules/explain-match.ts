import { distance } from "fastest-levenshtein";
import { readNetwork } from "./network.js";
import { NetworkTable } from "./network-table.js";
import { matchRegex } from "./regex.js";
import type { DomainRules, Entry, Rule, RuleStep } from "./rule.js";
import { kindOfStep, type StepKind } from "./step-kind.js";
import { hasWildcard, matchKeyWildcard, matchWildcard } from "./wildcard.js";

const RANKS: { readonly [Kind in StepKind]: number } = {
  exact: 0,
  wildcard: 1,
  key_wildcard: 1,
  cidr: 2,
  regex: 3,
  any: 4,
};

/** A step that an entry was held against. */
export interface TriedStep {
  readonly step: RuleStep;
  readonly kind: StepKind;
  /** Whether the entry matches it. Of several that match, the first one is met. */
  readonly matches: boolean;
  /** The rule that the whole descriptor would meet by this step, if it were the one that is met. */
  readonly leadsTo: Rule | undefined;
}

/** One level of the walk: an entry, and the steps of this place in the rules that take its key. */
export interface WalkedLevel {
  readonly entry: Entry;
  readonly met: TriedStep | undefined;
  /** The others: first those that match too, in the order they would be tried, then those most like the entry. */
  readonly others: readonly TriedStep[];
  /** All keys of this place in the rules, in file order; none where the rules end above it. */
  readonly keys: readonly string[];
}

/** How a descriptor was matched, level by level. */
export interface MatchExplanation {
  /** As far as the walk came: where no step matches, or the rules end, that level is the last. */
  readonly levels: readonly WalkedLevel[];
  readonly rule: Rule | undefined;
  /** Without a rule: the deepest one on the way, which the first entries by themselves would meet. */
  readonly above: Rule | undefined;
  /** Without a rule, when all entries were met: the rules below, which more entries could meet. */
  readonly below: readonly Rule[];
}

/** A step with what is below it. */
interface StepNode {
  readonly step: RuleStep;
  readonly kind: StepKind;
  readonly children: Map<string, StepNode>;
  rule: Rule | undefined;
}

/**
 * Walks the rules as `DomainRules.match` does, and tells what it saw on the way. It looks at every rule, so it is for
 * people and not for requests; it always ends at the rule that `match` gives.
 */
export function explainMatch(domain: DomainRules, entries: readonly Entry[]): MatchExplanation {
  const levels: WalkedLevel[] = [];
  let siblings: ReadonlyMap<string, StepNode> = buildTree(domain.rules);
  let above: Rule | undefined;
  for (const [index, entry] of entries.entries()) {
    const rest = entries.slice(index + 1);
    const ranked = [...siblings.values()].filter((node) => takesKey(node, entry.key)).sort(compareRank);
    const met = ranked.find((node) => matches(node, entry));
    levels.push(walkedLevel(entry, rest, met, ranked, siblings));
    if (met === undefined) return { levels, rule: undefined, above, below: [] };
    if (rest.length === 0) {
      const below = met.rule === undefined ? rulesBelow(met) : [];
      return { levels, rule: met.rule, above: met.rule === undefined ? above : undefined, below };
    }
    above = met.rule ?? above;
    siblings = met.children;
  }
  return { levels, rule: undefined, above, below: [] };
}

/** Rules come parents first and in file order, and so do the nodes of each level. */
function buildTree(rules: readonly Rule[]): Map<string, StepNode> {
  const top = new Map<string, StepNode>();
  for (const rule of rules) {
    let level = top;
    let node: StepNode | undefined;
    for (const step of rule.path) {
      const identity = JSON.stringify([step.key, step.value, step.cidr, step.regex]);
      node = level.get(identity) ?? { step, kind: kindOfStep(step), children: new Map(), rule: undefined };
      level.set(identity, node);
      level = node.children;
    }
    if (node !== undefined) node.rule = rule;
  }
  return top;
}

// The sort is stable: what compares as equal stays in the order of the file.
function compareRank(a: StepNode, b: StepNode): number {
  return RANKS[a.kind] - RANKS[b.kind] || prefixLength(b.step) - prefixLength(a.step);
}

function prefixLength({ cidr }: RuleStep): number {
  return cidr === undefined ? 0 : Number(cidr.slice(cidr.indexOf("/") + 1));
}

function takesKey({ step, kind }: StepNode, key: string): boolean {
  return kind === "key_wildcard" ? matchKeyWildcard(step.key)(key) : step.key === key;
}

function matches({ step }: StepNode, { value }: Entry): boolean {
  if (step.cidr !== undefined) return isInNetwork(value, step.cidr);
  if (step.regex !== undefined) return matchRegex(step.regex)(value);
  if (step.value === undefined) return true;
  return hasWildcard(step.value) ? matchWildcard(step.value)(value) : step.value === value;
}

function isInNetwork(address: string, cidr: string): boolean {
  const network = readNetwork(cidr);
  if (network === undefined) return false;
  const table = new NetworkTable<true>();
  table.set(network, true);
  return table.find(address) === true;
}

function walkedLevel(
  entry: Entry,
  rest: readonly Entry[],
  met: StepNode | undefined,
  ranked: readonly StepNode[],
  siblings: ReadonlyMap<string, StepNode>,
): WalkedLevel {
  const others = ranked.filter((node) => node !== met).map((node) => triedStep(node, entry, rest));
  return {
    entry,
    met: met === undefined ? undefined : triedStep(met, entry, rest),
    others: [...others.filter((other) => other.matches), ...byLikeness(others, entry.value)],
    keys: [...new Set([...siblings.values()].map(({ step }) => step.key))],
  };
}

function triedStep(node: StepNode, entry: Entry, rest: readonly Entry[]): TriedStep {
  const isMatch = matches(node, entry);
  return { step: node.step, kind: node.kind, matches: isMatch, leadsTo: isMatch ? walk(node, rest) : undefined };
}

/** The rule at the end of the way from a node down. */
function walk(from: StepNode, entries: readonly Entry[]): Rule | undefined {
  let node: StepNode | undefined = from;
  for (const entry of entries) {
    const ranked: StepNode[] = [...node.children.values()].sort(compareRank);
    node = ranked.find((child) => takesKey(child, entry.key) && matches(child, entry));
    if (node === undefined) return undefined;
  }
  return node.rule;
}

/** Those that do not match, the most similar first: it may be what was meant. */
function byLikeness(others: readonly TriedStep[], value: string): TriedStep[] {
  const unlike = others.filter((other) => !other.matches);
  const scored = unlike.map((other) => ({ other, unlikeness: unlikenessOf(textOf(other.step), value) }));
  return scored.sort((a, b) => a.unlikeness - b.unlikeness).map(({ other }) => other);
}

/** What is longer than any path in a rule is not compared: the time for that grows with the square of the length. */
const LONGEST_COMPARED = 200;

function unlikenessOf(a: string, b: string): number {
  if (a.length > LONGEST_COMPARED || b.length > LONGEST_COMPARED) return Number.MAX_SAFE_INTEGER;
  return distance(a, b);
}

function textOf({ value, cidr, regex }: RuleStep): string {
  return value ?? cidr ?? regex ?? "";
}

function rulesBelow(node: StepNode): Rule[] {
  return [...node.children.values()].flatMap((child) => [
    ...(child.rule === undefined ? [] : [child.rule]),
    ...rulesBelow(child),
  ]);
}
