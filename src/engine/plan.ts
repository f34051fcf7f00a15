import { type Algorithm, MAX_HITS } from "../limits/limit.js";
import type { DomainRules, RateLimit, Rule } from "../rules/rule.js";
import type { IdentifyBucket } from "../stores/bucket-identity.js";
import type { Action, Charge, Role } from "../stores/store.js";
import type { Controls } from "./controls.js";
import { isReplaced, type MatchedLimits, matchLimits, replacedNames } from "./matched-limits.js";
import type { MetricLabels } from "./metric-labels.js";
import type { Descriptor, RateLimitRequest } from "./request.js";

/** A limit of a descriptor and the charge made for it. */
export interface PlannedLimit {
  readonly limit: RateLimit;
  readonly charge: Charge;
  /** Where the charge stands among all charges of the request. */
  readonly chargeIndex: number;
}

/** What a descriptor comes to before the store is asked. */
export interface DescriptorPlan {
  /**
   * - limited: the store decides over `limits`.
   * - unlimited: the rule says so.
   * - replaced: all its limits dropped because others took their place.
   * - no_rule: nothing to limit (D10).
   */
  readonly kind: "limited" | "unlimited" | "replaced" | "no_rule";
  readonly label: string;
  readonly rule?: Rule;
  readonly limits: readonly PlannedLimit[];
}

export interface RequestPlan {
  /** One to one with the request's descriptors. */
  readonly descriptors: readonly DescriptorPlan[];
  /** All charges of the request, in order; empty when the store need not be asked. */
  readonly charges: readonly Charge[];
}

/** What planning keeps from one request to the next. */
export interface PlanParts {
  readonly labels: MetricLabels;
  readonly identifyBucket: IdentifyBucket;
  readonly controls: Controls;
}

/** The settings that planning needs, as EngineSettings has them. */
export interface PlanSettings {
  readonly globalQuota: boolean;
  readonly defaultAlgorithm: Algorithm;
}

const NO_RULE: DescriptorPlan = { kind: "no_rule", label: "", limits: [] };

/** Matches all descriptors of a request and lays out what to ask the store. */
export function planRequest(
  request: RateLimitRequest,
  domain: DomainRules,
  { globalQuota, defaultAlgorithm }: PlanSettings,
  { labels, identifyBucket, controls }: PlanParts,
): RequestPlan {
  const { overrides } = controls;
  const matched = request.descriptors.map((descriptor) =>
    matchLimits(domain, descriptor, defaultAlgorithm, labels, overrides),
  );
  const replaced = replacedNames(matched);
  const charges: Charge[] = [];
  const descriptors = request.descriptors.map((descriptor, index) => {
    const limits = matched[index];
    if (limits === undefined) return NO_RULE;
    return planDescriptor(request, descriptor, limits, replaced, globalQuota, identifyBucket, charges);
  });
  return { descriptors, charges };
}

function planDescriptor(
  request: RateLimitRequest,
  descriptor: Descriptor,
  { rule, label, limits }: MatchedLimits,
  replaced: ReadonlySet<string> | undefined,
  globalQuota: boolean,
  identifyBucket: IdentifyBucket,
  charges: Charge[],
): DescriptorPlan {
  const common = rule === undefined ? { label } : { label, rule };
  if (limits.length === 0) return { kind: "no_rule", ...common, limits: [] };
  if (limits.some((limit) => limit.unlimited)) return { kind: "unlimited", ...common, limits: [] };
  const hits = hitsOf(descriptor, request);
  const action = actionOf(descriptor);
  const role = roleOf(rule, globalQuota);
  const planned: PlannedLimit[] = [];
  for (const limit of limits) {
    if (limit.unlimited || isReplaced(limit, replaced)) continue;
    const key = keyOf(request.domain, descriptor, rule, limit, identifyBucket);
    const charge: Charge = { key, limit: limit.bucket, role, action, hits };
    planned.push({ limit, charge, chargeIndex: charges.length });
    charges.push(charge);
  }
  return { kind: planned.length === 0 ? "replaced" : "limited", ...common, limits: planned };
}

/** D1: the descriptor's own hits, else the request's, where 0 means 1. */
export function hitsOf(descriptor: Descriptor, request: RateLimitRequest): number {
  return Math.min(descriptor.hitsAddend ?? (request.hitsAddend || 1), MAX_HITS);
}

function actionOf(descriptor: Descriptor): Action {
  if (descriptor.isNegativeHits) return "refund";
  if (descriptor.hitsAddend === undefined) return "take";
  return descriptor.hitsAddend === 0 ? "peek" : "report";
}

function roleOf(rule: Rule | undefined, globalQuota: boolean): Role {
  const quota = globalQuota || rule?.quotaMode === true;
  if (rule?.shadowMode === true) return quota ? "shadow_quota" : "shadow";
  return quota ? "quota" : "enforced";
}

/**
 * D12: the bucket is that of the actual keys and values, or of the pattern where the rule shares its threshold. A rule
 * and an override with the same period share it, so that an override adds no tokens (D11).
 */
function keyOf(
  domain: string,
  descriptor: Descriptor,
  rule: Rule | undefined,
  limit: RateLimit,
  identifyBucket: IdentifyBucket,
): string {
  const steps = descriptor.entries.map(({ key, value }, index) => {
    const step = rule?.path[index];
    if (step?.shareThreshold !== true) return { key, value };
    return { key: step.key, pattern: step.sharedPattern ?? "" };
  });
  return identifyBucket({
    domain,
    steps,
    algorithm: limit.bucket.algorithm,
    periodMicros: limit.bucket.periodMicros,
    limitName: limit.name,
  });
}
