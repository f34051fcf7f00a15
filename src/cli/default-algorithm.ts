import { ALGORITHMS, algorithmOf } from "../rules/algorithm.js";
import type { CompileOptions } from "../rules/load-rules.js";

/** How `--help` of a command describes the flag; in the format of the other flags there. */
export const DEFAULT_ALGORITHM_HELP = `  --default-algorithm NAME
             the algorithm of limits that name none, as for \`weir serve\`: token_bucket (the default),
             fixed_window or sliding_window`;

/**
 * What the flag `--default-algorithm` tells the rules.
 * @returns in words what is wrong with it, where it is no algorithm
 */
export function readDefaultAlgorithm(text: string | undefined): CompileOptions | string {
  if (text === undefined) return {};
  const defaultAlgorithm = algorithmOf(text);
  return defaultAlgorithm === undefined ? `--default-algorithm must be ${ALGORITHMS.join(", ")}` : { defaultAlgorithm };
}
