import type { MatchExplanation, TriedStep, WalkedLevel } from "../../rules/explain-match.js";
import { labelStep } from "../../rules/label.js";
import type { StepKind } from "../../rules/step-kind.js";

/** How a step takes a value, in words. */
export const KIND_WORDS: { readonly [Kind in StepKind]: string } = {
  exact: "exact value",
  wildcard: "wildcard",
  key_wildcard: "wildcard in the key",
  cidr: "network",
  regex: "regular expression",
  any: "any value",
};

/** A step that was not met, in words. */
export interface PassedOver {
  readonly label: string;
  readonly kind: StepKind;
  readonly reason: string;
}

/** How many steps that were not met are told about at each level. */
const MOST_TOLD = 6;

/** The steps of a level that were not met and why, the most telling first; how many more there are. */
export function passedOver(level: WalkedLevel, match: MatchExplanation): { told: PassedOver[]; untold: number } {
  const told = level.others.slice(0, MOST_TOLD).map((other) => ({
    label: labelStep(other.step),
    kind: other.kind,
    reason: reasonOf(other, level.met, match),
  }));
  return { told, untold: level.others.length - told.length };
}

function reasonOf(other: TriedStep, met: TriedStep | undefined, match: MatchExplanation): string {
  if (!other.matches) return UNMATCHED_WORDS[other.kind];
  const why = `matches too, but ${whyLater(other.kind, met)}`;
  if (other.leadsTo === undefined || match.rule !== undefined) return why;
  return `${why}; by it the descriptor would meet ${other.leadsTo.label}, but there is no way back`;
}

const UNMATCHED_WORDS: { readonly [Kind in StepKind]: string } = {
  exact: "another value",
  wildcard: "the value does not match",
  key_wildcard: "the key does not match",
  cidr: "no address in it",
  regex: "the value does not match",
  any: "another key",
};

function whyLater(kind: StepKind, met: TriedStep | undefined): string {
  if (met === undefined) return "another one goes first";
  if (FIRST_WORDS[kind] !== FIRST_WORDS[met.kind]) return `${FIRST_WORDS[met.kind]} first`;
  return kind === "cidr" ? "the longer network goes first" : `${labelStep(met.step)} stands before it in the file`;
}

const FIRST_WORDS: { readonly [Kind in StepKind]: string } = {
  exact: "an exact value goes",
  wildcard: "wildcards go",
  key_wildcard: "wildcards go",
  cidr: "networks go",
  regex: "regular expressions go",
  any: "keys without a value go",
};
