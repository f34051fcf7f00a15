import type { Decision } from "../../engine/decision.js";
import type { RateLimitRequest } from "../../engine/request.js";
import { explainMatch, type MatchExplanation } from "../../rules/explain-match.js";
import { nearest } from "../../rules/nearest.js";
import type { Entry, RateLimit, Rule, RuleSet } from "../../rules/rule.js";
import type { Charge } from "../../stores/store.js";
import { openVirtualEngine } from "../virtual-engine.js";

/** What `weir explain` is asked. */
export interface Question {
  readonly domain: string;
  readonly entries: readonly Entry[];
  /** What the request costs; 0 is a peek. */
  readonly hits: number;
}

/** A limit and where its tokens are kept. */
export interface LimitBucket {
  readonly limit: RateLimit;
  /** The bucket's identity (D12), which is its key in the store. */
  readonly key: string;
}

/** All that `weir explain` has to say. */
export interface Explanation {
  readonly question: Question;
  /** Domains of the rules; the nearest one to a domain that is not among them. */
  readonly domains: readonly string[];
  readonly nearestDomain: string | undefined;
  /** Undefined for an unknown domain. */
  readonly match: MatchExplanation | undefined;
  /** Of the limits that would be charged, in file order. */
  readonly buckets: readonly LimitBucket[];
  /** What the engine answers while no bucket has been touched. */
  readonly decision: Decision;
}

/**
 * Explains what a request with one descriptor meets, and lets the engine decide over it with all buckets full.
 * @param nowMicros the moment of the request, whole microseconds since the epoch
 */
export async function explain(rules: RuleSet, question: Question, nowMicros: number): Promise<Explanation> {
  const { domain, entries } = question;
  const domainRules = rules.domains.get(domain);
  const domains = [...rules.domains.keys()];
  const match = domainRules === undefined ? undefined : explainMatch(domainRules, entries);
  const charges: Charge[] = [];
  const engine = openVirtualEngine({
    rules,
    nowMicros: () => nowMicros,
    onCharges: (asked) => charges.push(...asked),
  });
  return {
    question,
    domains,
    nearestDomain: domainRules === undefined ? nearest(domain, domains) : undefined,
    match,
    decision: await engine.decide(requestOf(question)),
    buckets: bucketsOf(match?.rule, charges),
  };
}

/** A charge carries the very arithmetic of its limit. */
function bucketsOf(rule: Rule | undefined, charges: readonly Charge[]): LimitBucket[] {
  return (rule?.limits ?? []).flatMap((limit) => {
    const charge = limit.unlimited ? undefined : charges.find((each) => each.limit === limit.bucket);
    return limit.unlimited || charge === undefined ? [] : [{ limit, key: charge.key }];
  });
}

/** Hits are the request's, as a route's are; a peek can only be a descriptor's own (D1). */
function requestOf({ domain, entries, hits }: Question): RateLimitRequest {
  const ownHits = hits === 0 ? { hitsAddend: 0 } : {};
  return { domain, hitsAddend: hits, descriptors: [{ entries, isNegativeHits: false, ...ownHits }] };
}
