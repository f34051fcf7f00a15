import { RE2JS } from "re2js";
import type { TextMatcher } from "./wildcard.js";

/** A longer expression is refused, before anything is spent on it. In UTF-16 units. */
export const MAX_REGEX_LENGTH = 1_000;

/** The most instructions of a compiled expression: the cost of a match is at most their number times the text's length. */
const MAX_REGEX_INSTRUCTIONS = 500;

/**
 * Expressions that are in use. A compiled one takes some 60 KB and up to milliseconds to make, and most of those in a
 * reload are in force already.
 */
const inUse = new Map<string, WeakRef<RE2JS>>();
const removeUnused = new FinalizationRegistry((pattern: string) => {
  if (inUse.get(pattern)?.deref() === undefined) inUse.delete(pattern);
});

/** @throws RE2JSException */
function compileOnce(pattern: string): RE2JS {
  const known = inUse.get(pattern)?.deref();
  if (known !== undefined) return known;
  const compiled = RE2JS.compile(pattern);
  inUse.set(pattern, new WeakRef(compiled));
  removeUnused.register(compiled, pattern);
  return compiled;
}

/** What is wrong with a `regex`, if anything. */
export function findRegexFault(pattern: string): string | undefined {
  if (pattern.length > MAX_REGEX_LENGTH) {
    return `regex is too long: ${pattern.length} characters, of at most ${MAX_REGEX_LENGTH}`;
  }
  try {
    const size = compileOnce(pattern).programSize();
    if (size <= MAX_REGEX_INSTRUCTIONS) return undefined;
    return `regex is too large: it compiles to ${size} instructions, of at most ${MAX_REGEX_INSTRUCTIONS}; look for large {n}`;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return `regex is not valid: ${message.replace(/^error parsing regexp: /, "")} (RE2 syntax)`;
  }
}

/** Whether a text has a match anywhere, in time linear in its length. Only for expressions without a fault. */
export function matchRegex(pattern: string): TextMatcher {
  const compiled = compileOnce(pattern);
  return (text) => compiled.test(text);
}
