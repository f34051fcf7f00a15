import type { MessagePort } from "node:worker_threads";
import type { FaultTexts } from "../fault-texts.js";
import type { CompileOptions } from "../load-rules.js";
import type { Rule } from "../rule.js";
import type { PackedTexts } from "../sources/packed-texts.js";
import type { RulesInput } from "../sources/rules-input.js";
import type { EncodedRules } from "./encoded-rules.js";

/** What the thread that loads rules is started with. */
export interface ThreadData {
  /** Whether decisions go on meanwhile, which go first. */
  readonly background: boolean;
}

/** What is asked of the thread that loads rules. */
export interface LoadRequest {
  readonly input: RulesInput;
  readonly options: CompileOptions;
  /** The `content` of the rules that the asker has; the same again is not sent. */
  readonly known: string | undefined;
  /** What those rules were made of. */
  readonly inForce: PackedTexts;
  /** How many faults to put into words. */
  readonly mostFaults: number;
  /** Takes the places of the rules, in arrays of some. */
  readonly slices: MessagePort;
}

/** What the thread answers. When it does, all slices are in their port. */
export type LoadReply =
  | {
      readonly kind: "rules";
      /** Stands for the content of all files; equal where that is. */
      readonly content: string;
      readonly domains: readonly string[];
      /** All of them, domain by domain. */
      readonly rules: EncodedRules;
      /** How many slices there are of their places. */
      readonly slices: number;
      /** What they were made of; resources as the rules files that they stand for. */
      readonly texts: PackedTexts;
      readonly warnings: FaultTexts;
      /** The errors of what is not among them, though it was sent. */
      readonly refused: FaultTexts;
    }
  /** They say what the asker has. */
  | { readonly kind: "unchanged" }
  /** There are errors among the faults. */
  | { readonly kind: "faulty"; readonly faults: FaultTexts };

/** Where a few rules are met, in the order of all rules. */
export type PlacesSlice = readonly Pick<Rule, "domain" | "path">[];
