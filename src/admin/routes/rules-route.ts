import { inTurns } from "../../in-turns.js";
import { countRules, decodeRule, type EncodedRules } from "../../rules/reload/encoded-rules.js";
import type { Rule, RuleLimit, RuleStep } from "../../rules/rule.js";
import type { AdminParts } from "../admin-parts.js";
import { rulesSchema } from "../api/answer-schemas.js";
import { type ApiRoute, apiRoute } from "../api/api-route.js";
import { rulesQuerySchema } from "../api/request-schemas.js";
import type { RuleRate } from "../live/rule-rates.js";
import { toldLimit } from "./told.js";

/** The rules in force, some at a time. */
export function rulesRoute({ rules, rates }: AdminParts): ApiRoute {
  return apiRoute({
    method: "GET",
    path: "/api/v1/rules",
    operationId: "listRules",
    summary: "The rules in force on this replica: where they come from, and how fast they are met.",
    query: rulesQuerySchema,
    answers: { status: 200, schema: rulesSchema },
    errors: [],
    handle: async ({ query }) => {
      const page = await pageOf(rules.encoded, query);
      const rateOf = await rates.now();
      return {
        rules: page.rules.map((rule) => toldRule(rule, rateOf(rule.domain, rule.label))),
        total: page.total,
        offset: query.offset,
      };
    },
  });
}

interface Wanted {
  readonly domain?: string | undefined;
  readonly offset: number;
  readonly limit: number;
}

interface Page {
  readonly rules: readonly Rule[];
  readonly total: number;
}

/** Only those of the page are kept, and others are looked at only to find out their domain. */
async function pageOf(encoded: EncodedRules, { domain, offset, limit }: Wanted): Promise<Page> {
  const rules: Rule[] = [];
  const count = countRules(encoded);
  let total = domain === undefined ? count : 0;
  const look = function* (): Generator<void> {
    const [first, last] = domain === undefined ? [offset, Math.min(count, offset + limit)] : [0, count];
    for (let index = first; index < last; index++) {
      const rule = decodeRule(encoded, index);
      if (domain === undefined) rules.push(rule);
      else if (rule.domain === domain && ++total > offset && rules.length < limit) rules.push(rule);
      yield;
    }
  };
  await inTurns(look());
  return { rules, total };
}

function toldRule(rule: Rule, rates: RuleRate) {
  const { domain, label, path, position, limits } = rule;
  const { file, line, column } = position;
  return {
    domain,
    rule: label,
    path: path.map(toldStep),
    flags: flagsOf(rule),
    source: { file, line, column },
    limits: limits.map(toldRuleLimit),
    rates,
  };
}

function toldStep({ key, value, cidr, regex, shareThreshold }: RuleStep) {
  return {
    key,
    ...(value === undefined ? {} : { value }),
    ...(cidr === undefined ? {} : { cidr }),
    ...(regex === undefined ? {} : { regex }),
    ...(shareThreshold ? { shareThreshold } : {}),
  };
}

function flagsOf({ shadowMode, quotaMode, detailedMetric }: Rule): string[] {
  return [
    ...(shadowMode ? ["shadow_mode"] : []),
    ...(quotaMode ? ["quota_mode"] : []),
    ...(detailedMetric ? ["detailed_metric"] : []),
  ];
}

function toldRuleLimit(limit: RuleLimit) {
  if (!limit.unlimited) return toldLimit(limit);
  return limit.name === "" ? { unlimited: true } : { unlimited: true, name: limit.name };
}
