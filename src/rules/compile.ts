import type { Algorithm } from "../limits/limit.js";
import { algorithmOf } from "./algorithm.js";
import { compileLimits } from "./compile-limit.js";
import type { DenyResponseRules } from "./deny-response-schema.js";
import { labelOf } from "./label.js";
import { formatNetwork, readNetwork } from "./network.js";
import type { Place } from "./read-document.js";
import type { DenyResponse, Rule, RuleSet, RuleStep } from "./rule.js";
import { RuleSetBuilder } from "./rule-set-builder.js";
import type { DescriptorRules, RulesFile } from "./schema.js";
import type { Locator } from "./source-file.js";
import { kindOfStep } from "./step-kind.js";

/** A file that is valid and has no descriptor that another one has. */
export interface ValidFile {
  readonly rules: RulesFile;
  readonly root: Place;
  readonly locator: Locator;
}

/**
 * Makes valid files the rules in force. Files of one domain are merged in the order given.
 * @param defaultAlgorithm that of files which do not say theirs
 */
export function compile(files: readonly ValidFile[], defaultAlgorithm: Algorithm): RuleSet {
  const builder = new RuleSetBuilder(files.map(({ rules }) => rules.domain));
  for (const { rules, root, locator } of files) {
    const { domain, descriptors: list } = rules;
    const algorithm = algorithmOf(rules.algorithm) ?? defaultAlgorithm;
    addDescriptors(builder, { domain, algorithm, locator, list, parent: root, above: [] });
  }
  return builder.finish();
}

/** A list of descriptors and where it stands. */
interface DescriptorList {
  readonly domain: string;
  readonly algorithm: Algorithm;
  readonly locator: Locator;
  readonly list: readonly DescriptorRules[] | undefined;
  readonly parent: Place;
  readonly above: readonly RuleStep[];
}

function addDescriptors(builder: RuleSetBuilder, from: DescriptorList): void {
  const places = from.parent.children?.get("descriptors")?.children;
  from.list?.forEach((descriptor, index) => {
    const place = places?.get(index) ?? from.parent;
    const path = [...from.above, compileStep(descriptor)];
    const limits = compileLimits(descriptor, from.algorithm);
    const isParent = descriptor.descriptors !== undefined && descriptor.descriptors.length > 0;
    // A leaf without a limit is a rule too: its descriptors are let through.
    if (limits.length > 0 || !isParent) {
      const position = from.locator.positionAt(place.offset);
      builder.add({ domain: from.domain, path, label: labelOf(path), limits, ...compileFlags(descriptor), position });
    }
    addDescriptors(builder, { ...from, list: descriptor.descriptors, parent: place, above: path });
  });
}

function compileStep(descriptor: DescriptorRules): RuleStep {
  const { key, value, cidr, regex, share_threshold, value_to_metric } = descriptor;
  const network = cidr === undefined ? undefined : readNetwork(cidr);
  const pattern = {
    key,
    // An empty value is no value.
    ...(value !== undefined && value !== "" && { value }),
    ...(network !== undefined && { cidr: formatNetwork(network) }),
    ...(regex !== undefined && { regex }),
  };
  const shareThreshold = share_threshold ?? false;
  return {
    ...pattern,
    shareThreshold,
    ...(shareThreshold && { sharedPattern: sharedPatternOf(pattern) }),
    valueToMetric: value_to_metric ?? false,
  };
}

/** Patterns of different kinds stay apart, whatever is in them. A wildcard in the key is in the identity by itself. */
function sharedPatternOf(pattern: Pick<RuleStep, "key" | "value" | "cidr" | "regex">): string {
  const kind = kindOfStep(pattern);
  if (kind === "cidr" || kind === "regex") return `${kind}:${pattern[kind]}`;
  return `wildcard:${pattern.value ?? ""}`;
}

type Flags = Pick<Rule, "shadowMode" | "quotaMode" | "detailedMetric" | "metadata" | "denyResponse">;

function compileFlags(descriptor: DescriptorRules): Flags {
  const { metadata, deny_response: denyResponse } = descriptor;
  return {
    shadowMode: descriptor.shadow_mode ?? false,
    quotaMode: descriptor.quota_mode ?? false,
    detailedMetric: descriptor.detailed_metric ?? false,
    ...(metadata !== undefined && { metadata }),
    ...(denyResponse !== undefined && { denyResponse: compileDenyResponse(denyResponse) }),
  };
}

function compileDenyResponse({ body, headers }: DenyResponseRules): DenyResponse {
  const list = Object.entries(headers ?? {}).map(([name, value]) => ({ key: name.toLowerCase(), value }));
  return { ...(body !== undefined && { body }), headers: list };
}
