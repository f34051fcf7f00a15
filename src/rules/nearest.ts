import { closest, distance } from "fastest-levenshtein";

/** Longer text is no misspelling of a keyword. */
const LONGEST_WORD = 40;

/** The known word that a misspelt one was meant to be, if one is near enough: a slip in three letters, or a swap. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  if (known.length === 0 || word.length > LONGEST_WORD) return undefined;
  const swapped = known.find((candidate) => sortLetters(candidate) === sortLetters(word));
  if (swapped !== undefined) return swapped;
  const near = closest(word, known);
  return distance(word, near) <= Math.max(1, Math.floor(word.length / 3)) ? near : undefined;
}

function sortLetters(word: string): string {
  return [...word].sort().join("");
}
