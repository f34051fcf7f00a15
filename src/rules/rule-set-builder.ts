import { addNode, createLevel, createRegexMemory, type Level, matchEntries, type RuleNode } from "./match.js";
import type { DomainRules, Rule, RuleSet, RuleStep } from "./rule.js";

/** A domain while its rules come in. */
interface OpenDomain {
  readonly level: Level;
  /** Of each rule its place. */
  readonly nodes: RuleNode[];
  /** The way from the domain down to the rule that came last. */
  readonly way: { readonly step: RuleStep; readonly node: RuleNode }[];
}

/**
 * Makes rules ready to be matched. It takes one rule at a time and nothing but rules, so that rules compiled in one
 * thread can be made ready in another, in as many turns as wanted. Those of a domain must come in the order of
 * `DomainRules.rules`: file order, parents before children, none twice.
 */
export class RuleSetBuilder {
  readonly #memory = createRegexMemory();
  readonly #domains: ReadonlyMap<string, OpenDomain>;

  /** @param domains all of them, in order, those without rules too */
  constructor(domains: Iterable<string>) {
    const opened = [...new Set(domains)].map((domain): [string, OpenDomain] => {
      return [domain, { level: createLevel(this.#memory), nodes: [], way: [] }];
    });
    this.#domains = new Map(opened);
  }

  /** @throws Error for a rule of a domain that was not named */
  add(rule: Rule): void {
    this.addNode(rule, { rule, children: undefined });
  }

  /**
   * Adds a rule by its place and a node that has it, or makes it when it is asked for.
   * @throws Error for a rule of a domain that was not named
   */
  addNode({ domain: name, path }: Pick<Rule, "domain" | "path">, node: RuleNode): void {
    const domain = this.#domains.get(name);
    if (domain === undefined) throw new Error("a rule came for a domain that did not");
    const { nodes, way } = domain;
    nodes.push(node);
    way.length = countShared(way, path);
    for (const step of path.slice(way.length)) {
      const isLast = way.length === path.length - 1;
      const next = isLast ? node : { rule: undefined, children: undefined };
      addNode(this.#levelBelow(domain), step, next);
      way.push({ step, node: next });
    }
  }

  /** The rules so far; ends the building. */
  finish(): RuleSet {
    return { domains: new Map([...this.#domains].map(([domain, open]) => [domain, finishDomain(domain, open)])) };
  }

  #levelBelow({ level, way }: OpenDomain): Level {
    const last = way[way.length - 1];
    if (last === undefined) return level;
    last.node.children ??= createLevel(this.#memory);
    return last.node.children;
  }
}

/** How many steps a rule has in common with the one before it. No descriptor is there twice, so equal steps are one. */
function countShared(way: OpenDomain["way"], path: readonly RuleStep[]): number {
  const different = way.findIndex(({ step }, index) => !isSame(step, path[index]));
  return different === -1 ? way.length : different;
}

function isSame(a: RuleStep, b: RuleStep | undefined): boolean {
  return b !== undefined && a.key === b.key && a.value === b.value && a.cidr === b.cidr && a.regex === b.regex;
}

function finishDomain(domain: string, { level, nodes }: OpenDomain): DomainRules {
  let rules: readonly Rule[] | undefined;
  return {
    domain,
    get rules() {
      rules ??= nodes.flatMap(({ rule }) => rule ?? []);
      return rules;
    },
    match: (entries) => matchEntries(level, entries),
  };
}
