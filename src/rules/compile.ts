import { compileLimit } from "./compile-limit.js";
import { labelOf } from "./label.js";
import { addNode, createLevel, type Level, matchEntries } from "./match.js";
import type { Place } from "./read-document.js";
import type { DomainRules, Position, Rule, RuleSet, RuleStep } from "./rule.js";
import type { DescriptorRules, RulesFile } from "./schema.js";
import type { Locator } from "./source-file.js";

/** A file that is valid and has no descriptor that another one has. */
export interface ValidFile {
  readonly rules: RulesFile;
  readonly root: Place;
  readonly locator: Locator;
}

/** A domain while its files are merged. */
interface DomainBuilder {
  readonly domain: string;
  readonly level: Level;
  readonly rules: Rule[];
}

/** Makes valid files the rules in force. Files of one domain are merged in the order given. */
export function compile(files: readonly ValidFile[]): RuleSet {
  const builders = new Map<string, DomainBuilder>();
  for (const { rules, root, locator } of files) {
    const builder = builders.get(rules.domain) ?? { domain: rules.domain, level: createLevel(), rules: [] };
    builders.set(rules.domain, builder);
    addDescriptors(builder, builder.level, [], { list: rules.descriptors, parent: root, locator });
  }
  return { domains: new Map([...builders].map(([domain, builder]) => [domain, finishDomain(builder)])) };
}

function finishDomain({ domain, level, rules }: DomainBuilder): DomainRules {
  return { domain, rules, match: (entries) => matchEntries(level, entries) };
}

/** A list of descriptors and where it stands. */
interface DescriptorList {
  readonly list: readonly DescriptorRules[] | undefined;
  readonly parent: Place;
  readonly locator: Locator;
}

function addDescriptors(builder: DomainBuilder, level: Level, above: readonly RuleStep[], from: DescriptorList): void {
  const places = from.parent.children?.get("descriptors")?.children;
  from.list?.forEach((descriptor, index) => {
    const place = places?.get(index) ?? from.parent;
    const path = [...above, compileStep(descriptor)];
    const isParent = descriptor.descriptors !== undefined && descriptor.descriptors.length > 0;
    const children = isParent ? createLevel() : undefined;
    // A leaf without a limit is a rule too: its descriptors are let through.
    const isRule = descriptor.rate_limit !== undefined || !isParent;
    const position = from.locator.positionAt(place.offset);
    const rule = isRule ? compileRule(builder.domain, path, descriptor, position) : undefined;
    if (rule !== undefined) builder.rules.push(rule);
    addNode(level, descriptor.key, writtenValue(descriptor), { rule, children });
    if (children !== undefined) {
      addDescriptors(builder, children, path, { ...from, list: descriptor.descriptors, parent: place });
    }
  });
}

/** An empty value is no value. */
function writtenValue(descriptor: DescriptorRules): string | undefined {
  return descriptor.value === "" ? undefined : descriptor.value;
}

function compileStep(descriptor: DescriptorRules): RuleStep {
  const value = writtenValue(descriptor);
  return {
    key: descriptor.key,
    ...(value !== undefined && { value }),
    shareThreshold: descriptor.share_threshold ?? false,
    valueToMetric: descriptor.value_to_metric ?? false,
  };
}

function compileRule(domain: string, path: readonly RuleStep[], descriptor: DescriptorRules, position: Position): Rule {
  return {
    domain,
    path,
    label: labelOf(path),
    limits: descriptor.rate_limit === undefined ? [] : [compileLimit(descriptor.rate_limit)],
    shadowMode: descriptor.shadow_mode ?? false,
    quotaMode: descriptor.quota_mode ?? false,
    detailedMetric: descriptor.detailed_metric ?? false,
    ...(descriptor.metadata !== undefined && { metadata: descriptor.metadata }),
    position,
  };
}
