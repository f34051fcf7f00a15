import type { Rule } from "../../rules/rule.js";

/** The flags and extras that a rule carries, in the words of rules files, with what each does. */
export function ruleFlags(rule: Rule): { name: string; meaning: string }[] {
  const isShared = rule.path.some((step) => step.shareThreshold);
  const isInLabel = rule.path.some((step) => step.valueToMetric);
  const flags: [boolean, string, string][] = [
    [rule.shadowMode, "shadow_mode", "counted and reported, but never refuses"],
    [rule.quotaMode, "quota_mode", "of all quotas that a request meets, one that fits is enough"],
    [isShared, "share_threshold", "all values that match share one bucket"],
    [rule.detailedMetric, "detailed_metric", "metrics show the descriptor's values"],
    [isInLabel, "value_to_metric", "metrics show the value"],
    [rule.denyResponse !== undefined, "deny_response", "a refusal carries its body and headers"],
    [rule.metadata !== undefined, "metadata", "sent with the answer as dynamic metadata"],
  ];
  return flags.flatMap(([isSet, name, meaning]) => (isSet ? [{ name, meaning }] : []));
}
