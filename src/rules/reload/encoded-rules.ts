import { deserialize, serialize } from "node:v8";
import type { RuleNode } from "../match.js";
import type { Rule } from "../rule.js";

/**
 * Rules as bytes, one behind the other. Bytes can be given from one thread to another without a copy, and they cost the
 * garbage collector nothing: to move the objects of 10,000 new rules it would stop all decisions for some 10 ms.
 */
export interface EncodedRules {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Where each rule begins, and at last where they end. */
  readonly offsets: Uint32Array<ArrayBuffer>;
}

/** @throws DOMException for a rule that is more than plain values */
export function encodeRules(rules: readonly Rule[]): EncodedRules {
  const encoded = rules.map((rule) => serialize(rule));
  const offsets = new Uint32Array(rules.length + 1);
  for (const [index, { length }] of encoded.entries()) offsets[index + 1] = (offsets[index] as number) + length;
  const bytes = new Uint8Array(offsets[rules.length] as number);
  for (const [index, each] of encoded.entries()) bytes.set(each, offsets[index] as number);
  return { bytes, offsets };
}

export function countRules({ offsets }: EncodedRules): number {
  return offsets.length - 1;
}

/** All rules, made one after the other and kept nowhere. Each takes some microseconds. */
export function* eachRule(rules: EncodedRules): Generator<Rule> {
  for (let index = 0; index < countRules(rules); index++) yield decodeRule(rules, index);
}

/** One rule by its place among all, made anew. */
export function decodeRule({ bytes, offsets }: EncodedRules, index: number): Rule {
  return deserialize(bytes.subarray(offsets[index], offsets[index + 1])) as Rule;
}

/** A place in the rules that makes its rule when it is met for the first time. */
export class EncodedRuleNode implements RuleNode {
  children: RuleNode["children"] = undefined;
  readonly #rules: EncodedRules;
  readonly #index: number;
  #decoded: Rule | undefined;

  constructor(rules: EncodedRules, index: number) {
    this.#rules = rules;
    this.#index = index;
  }

  get rule(): Rule {
    this.#decoded ??= decodeRule(this.#rules, this.#index);
    return this.#decoded;
  }
}
