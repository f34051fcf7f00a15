import type { DescriptorStatus } from "../../engine/decision.js";
import type { MatchExplanation, WalkedLevel } from "../../rules/explain-match.js";
import { labelOf, labelStep } from "../../rules/label.js";
import type { Rule } from "../../rules/rule.js";
import { describeDuration } from "../describe-duration.js";
import { describeLimit } from "../describe-limit.js";
import type { Explanation } from "./explanation.js";
import { noRuleWords, placeOf } from "./no-rule-words.js";
import { ruleFlags } from "./rule-flags.js";
import { KIND_WORDS, passedOver } from "./tried-steps.js";

/** What stands in front, and what is said. */
type Row = readonly [string, string];

/** An explanation for a terminal: aligned, without colours. */
export function explanationAsText(explanation: Explanation): string {
  const { question, match } = explanation;
  const head: Row[] = [
    ["domain", question.domain],
    ["descriptor", labelOf(question.entries)],
  ];
  const levels = match === undefined ? [] : match.levels.map((level, index) => levelAsText(level, index, match));
  const rule = match?.rule;
  const found = rule === undefined ? noRuleRows(explanation) : ruleRows(rule, explanation);
  return [columns(head), ...levels, columns([...found, ["answer", answerAsText(explanation)]])].join("\n\n");
}

function levelAsText(level: WalkedLevel, index: number, match: MatchExplanation): string {
  const { met } = level;
  const { told, untold } = passedOver(level, match);
  const rows: [string, string, string][] = [];
  if (met !== undefined) rows.push(["met", labelStep(met.step), KIND_WORDS[met.kind]]);
  for (const { label, kind, reason } of told) rows.push(["not met", label, `${KIND_WORDS[kind]}: ${reason}`]);
  if (rows.length === 0) rows.push(["nothing", level.keys.length === 0 ? "is below" : "has this key", ""]);
  const width = Math.max(...rows.map(([, label]) => label.length));
  const lines = rows.map(([what, label, why]) => `  ${what.padEnd(9)}${label.padEnd(width)}  ${why}`.trimEnd());
  if (untold > 0) lines.push(`  ${"".padEnd(9)}and ${untold} more`);
  return [`entry ${index + 1}: ${labelStep(level.entry)}`, ...lines].join("\n");
}

function noRuleRows(explanation: Explanation): Row[] {
  const words = noRuleWords(explanation);
  return [["rule", "none: this descriptor is let through"], ...words.map((line): Row => ["", line])];
}

function ruleRows(rule: Rule, { buckets }: Explanation): Row[] {
  const limits = rule.limits.map(describeLimit);
  const none = "none: the rule is there to let its descriptors through";
  return [
    ["rule", rule.label],
    ["defined at", placeOf(rule)],
    ...named("limit", limits.length === 0 ? [none] : limits),
    ...named(
      "flag",
      ruleFlags(rule).map(({ name, meaning }) => `${name}: ${meaning}`),
    ),
    ...named(
      "bucket",
      buckets.map(({ key }) => key),
    ),
  ];
}

/** The name in front of the first line only. */
function named(name: string, lines: readonly string[]): Row[] {
  return lines.map((line, index) => [index === 0 ? name : "", line]);
}

function answerAsText({ question, decision, buckets }: Explanation): string {
  const { hits } = question;
  const cost = hits === 0 ? "a peek" : hits === 1 ? "one hit" : `${hits} hits`;
  const isTooMuch = buckets.some(({ limit: { bucket } }) => bucket.burst > 0 && hits > bucket.burst);
  const never = isTooMuch ? "; more than the burst, which can never pass" : "";
  const when = buckets.length === 0 ? "" : ` (${cost}, ${buckets.length === 1 ? "bucket" : "buckets"} full${never})`;
  return `${decision.statuses.map((status) => statusAsText(status, decision.overallCode)).join("; ")}${when}`;
}

function statusAsText(status: DescriptorStatus, overallCode: string): string {
  const { code, currentLimit, limitRemaining, durationUntilResetSeconds } = status;
  const parts = [code === overallCode ? code : `${overallCode} overall, status ${code}`];
  if (currentLimit?.name !== undefined) parts.push(`limit ${currentLimit.name}`);
  if (limitRemaining !== undefined) parts.push(`remaining ${limitRemaining}`);
  if (durationUntilResetSeconds !== undefined) {
    parts.push(`reset ${describeDuration(durationUntilResetSeconds * 1_000_000)}`);
  }
  return parts.join(", ");
}

function columns(rows: readonly Row[]): string {
  return rows.map(([name, text]) => `${name.padEnd(12)}${text}`.trimEnd()).join("\n");
}
