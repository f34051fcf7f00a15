import type { Algorithm } from "../limits/limit.js";
import { joinWords } from "./join-words.js";
import { nearest } from "./nearest.js";
import { quote } from "./quote.js";

/** The algorithms as rules files name them. */
export const ALGORITHMS: readonly Algorithm[] = ["token_bucket", "fixed_window", "sliding_window"];

/** The algorithm of limits where neither they, nor their file, nor a setting says. */
export const DEFAULT_ALGORITHM: Algorithm = "token_bucket";

/** The algorithm that a rules file means. */
export function algorithmOf(written: unknown): Algorithm | undefined {
  return ALGORITHMS.find((algorithm) => algorithm === written);
}

/** What is wrong with an algorithm. */
export function describeAlgorithm(written: unknown): string {
  const near = nearest(String(written).toLowerCase(), ALGORITHMS);
  const hint = near === undefined ? "" : `; did you mean "${near}"?`;
  return `algorithm must be ${joinWords(ALGORITHMS, "or")}, not ${quote(String(written))}${hint}`;
}
