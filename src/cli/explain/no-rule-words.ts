import type { MatchExplanation, WalkedLevel } from "../../rules/explain-match.js";
import { labelOf } from "../../rules/label.js";
import { nearest } from "../../rules/nearest.js";
import { quote } from "../../rules/quote.js";
import type { Entry, Rule } from "../../rules/rule.js";
import { countOf } from "../count-of.js";
import type { Explanation } from "./explanation.js";

/** How many names of a kind are listed before "and 3 more". */
const MOST_LISTED = 6;

/** Why a descriptor meets no rule, a sentence each; none when it meets one. */
export function noRuleWords({ question, domains, nearestDomain, match }: Explanation): string[] {
  if (match === undefined) return [unknownDomain(question.domain, domains, nearestDomain)];
  if (match.rule !== undefined) return [];
  const asked = countOf(question.entries.length, "entry", "entries");
  if (match.below.length > 0) return tooShort(match, asked);
  const last = match.levels.at(-1);
  if (last === undefined) return [];
  const why = last.keys.length === 0 ? tooLong(match, asked) : nothingMatches(last, match.levels.length);
  return match.above === undefined ? [why] : [why, oneLevelUp(match.above)];
}

/** Where a rule stands. */
export function placeOf({ position: { file, line, column } }: Rule): string {
  return `${file}:${line}:${column}`;
}

function unknownDomain(domain: string, domains: readonly string[], near: string | undefined): string {
  const hint = near === undefined ? "" : ` Did you mean ${near}?`;
  return `The rules have no domain ${quote(domain)}; they have ${listed(domains, quote)}.${hint}`;
}

function tooShort({ levels, below }: MatchExplanation, asked: string): string[] {
  const met = levels.flatMap((level) => (level.met === undefined ? [] : [level.met.step]));
  return [
    `${labelOf(met)} has no limit of its own: it is met by longer descriptors only, and this one has ${asked}.`,
    `Below it: ${listed(below, (rule) => `${rule.label} (${placeOf(rule)})`)}.`,
  ];
}

function tooLong({ levels }: MatchExplanation, asked: string): string {
  const above = levels.slice(0, -1).flatMap((level) => (level.met === undefined ? [] : [level.met.step]));
  if (above.length === 0) return "The domain has no rules.";
  return `There is nothing below ${labelOf(above)}, and this descriptor has ${asked}: a rule must be as deep as it.`;
}

function nothingMatches({ entry, others, keys }: WalkedLevel, depth: number): string {
  const where = depth === 1 ? "At the top" : `At level ${depth}`;
  if (others.length > 0) {
    const values = others.flatMap(({ step, kind }) => (kind === "exact" ? [step.value ?? ""] : []));
    const meant = nearest(entry.value, values);
    const hint = meant === undefined ? "" : ` Did you mean ${describe({ key: entry.key, value: meant })}?`;
    return `${where} no rule takes ${describe(entry)}, and none is there for any other value.${hint}`;
  }
  const near = nearest(entry.key, keys);
  const hint = near === undefined ? "" : ` Did you mean ${quote(near)}?`;
  return `${where} no rule has the key ${quote(entry.key)}; keys there: ${listed(keys, quote)}.${hint}`;
}

function oneLevelUp(above: Rule): string {
  const depth = above.path.length;
  const entries = depth === 1 ? "the first entry" : `the first ${depth} entries`;
  return `With ${entries} alone it would meet ${above.label} (${placeOf(above)}).`;
}

function describe({ key, value }: Entry): string {
  return labelOf([{ key, value }]);
}

function listed<T>(items: readonly T[], name: (item: T) => string): string {
  const shown = items.slice(0, MOST_LISTED).map(name).join(", ");
  const more = items.length - MOST_LISTED;
  return more > 0 ? `${shown} and ${more} more` : shown;
}
