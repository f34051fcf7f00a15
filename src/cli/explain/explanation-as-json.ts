import type { MatchExplanation, WalkedLevel } from "../../rules/explain-match.js";
import { labelStep } from "../../rules/label.js";
import type { RateLimit, Rule, RuleLimit } from "../../rules/rule.js";
import type { Explanation, LimitBucket } from "./explanation.js";
import { noRuleWords } from "./no-rule-words.js";
import { ruleFlags } from "./rule-flags.js";
import { passedOver } from "./tried-steps.js";

/** An explanation for scripts. Names are those of rules files and of Envoy's messages. */
export function explanationAsJson(explanation: Explanation): string {
  const { question, match, buckets, decision } = explanation;
  const { overallCode, statuses } = decision;
  return JSON.stringify(
    {
      domain: question.domain,
      entries: question.entries,
      hits: question.hits,
      levels: match === undefined ? [] : match.levels.map((level) => levelAsJson(level, match)),
      rule: match?.rule === undefined ? null : ruleAsJson(match.rule, buckets),
      why_no_rule: noRuleWords(explanation),
      answer: {
        overall_code: overallCode,
        statuses: statuses.map(({ code, currentLimit, limitRemaining, durationUntilResetSeconds }) => ({
          code,
          limit_name: currentLimit?.name,
          limit_remaining: limitRemaining,
          duration_until_reset_seconds: durationUntilResetSeconds,
        })),
      },
    },
    undefined,
    2,
  );
}

function levelAsJson(level: WalkedLevel, match: MatchExplanation): unknown {
  const { entry, met } = level;
  const { told, untold } = passedOver(level, match);
  return {
    entry,
    met: met === undefined ? null : { label: labelStep(met.step), kind: met.kind },
    not_met: told,
    more_not_met: untold,
  };
}

function ruleAsJson(rule: Rule, buckets: readonly LimitBucket[]): unknown {
  const { file, line, column } = rule.position;
  const limits = rule.limits.map((limit) => limitAsJson(limit, buckets));
  return { label: rule.label, file, line, column, flags: ruleFlags(rule).map(({ name }) => name), limits };
}

function limitAsJson(limit: RuleLimit, buckets: readonly LimitBucket[]): unknown {
  const { name, replaces } = limit;
  const common = { ...(name !== "" && { name }), ...(replaces.length > 0 && { replaces }) };
  if (limit.unlimited) return { ...common, unlimited: true };
  return { ...common, ...rateAsJson(limit), bucket: buckets.find((bucket) => bucket.limit === limit)?.key };
}

function rateAsJson({ requestsPerUnit, unit, unitMultiplier, bucket }: RateLimit): object {
  return {
    requests_per_unit: requestsPerUnit,
    unit,
    unit_multiplier: unitMultiplier,
    algorithm: bucket.algorithm,
    burst: bucket.burst,
    max_debt: bucket.maxDebt,
  };
}
