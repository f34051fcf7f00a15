import { RE2JS } from "re2js";
import type { TextMatcher } from "./wildcard.js";

/** A longer expression is refused, before anything is spent on it. In UTF-16 units. */
export const MAX_REGEX_LENGTH = 1_000;

/** The most instructions of a compiled expression: the cost of a match is at most their number times the text's length. */
const MAX_REGEX_INSTRUCTIONS = 500;

/** What is wrong with a `regex`, if anything. */
export function findRegexFault(pattern: string): string | undefined {
  if (pattern.length > MAX_REGEX_LENGTH) {
    return `regex is too long: ${pattern.length} characters, of at most ${MAX_REGEX_LENGTH}`;
  }
  try {
    const size = RE2JS.compile(pattern).programSize();
    if (size <= MAX_REGEX_INSTRUCTIONS) return undefined;
    return `regex is too large: it compiles to ${size} instructions, of at most ${MAX_REGEX_INSTRUCTIONS}; look for large {n}`;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return `regex is not valid: ${message.replace(/^error parsing regexp: /, "")} (RE2 syntax)`;
  }
}

/** Whether a text has a match anywhere, in time linear in its length. Only for expressions without a fault. */
export function matchRegex(pattern: string): TextMatcher {
  const compiled = RE2JS.compile(pattern);
  return (text) => compiled.test(text);
}
