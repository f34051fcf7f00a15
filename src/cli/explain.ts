import { MAX_HITS } from "../limits/limit.js";
import { formatFault } from "../rules/faults.js";
import { loadRules } from "../rules/load-rules.js";
import { quote } from "../rules/quote.js";
import type { Entry } from "../rules/rule.js";
import { wallClockMicros } from "../stores/memory/wall-clock.js";
import { type CliContext, EXIT_CODE } from "./cli-context.js";
import { DEFAULT_ALGORITHM_HELP, readDefaultAlgorithm } from "./default-algorithm.js";
import { explain as explainQuestion } from "./explain/explanation.js";
import { explanationAsJson } from "./explain/explanation-as-json.js";
import { explanationAsText } from "./explain/explanation-as-text.js";
import { readArguments, refuse } from "./read-arguments.js";
import { readEntry } from "./read-entry.js";

const USAGE = {
  command: "explain",
  line: "Usage: weir explain [flags] RULES DOMAIN KEY=VALUE...",
  help: `Tells which rule a descriptor meets and why, what stood nearer and did not match, the rule's limits, its buckets'
keys in the store, and what a request would be answered while its buckets are full. RULES is a file or a folder;
each KEY=VALUE is one entry of the descriptor, in order.

  --hits N   what the request costs (default 1); 0 is a peek, which takes nothing
  --json     write the same as JSON
${DEFAULT_ALGORITHM_HELP}

Exit code: 0, also when no rule is met; 1 when the rules are broken; 2 when the command line makes no sense.`,
  flags: { hits: "value", json: "alone", "default-algorithm": "value" },
} as const;

/** `weir explain`: which rule a descriptor meets, and why. Resolves with the exit code. */
export async function explain(argv: readonly string[], context: CliContext): Promise<number> {
  const given = readArguments(argv, USAGE, context);
  if (typeof given === "number") return given;
  const [path, domain, ...pairs] = given.positionals;
  if (path === undefined) return refuse("which rules?", USAGE, context);
  if (domain === undefined || domain === "") return refuse("which domain?", USAGE, context);
  if (pairs.length === 0) return refuse("which descriptor? Give its entries as KEY=VALUE", USAGE, context);
  const hits = readHits(given.flags.hits);
  if (hits === undefined) return refuse(`--hits must be a whole number from 0 to ${MAX_HITS}`, USAGE, context);
  const options = readDefaultAlgorithm(given.flags["default-algorithm"]);
  if (typeof options === "string") return refuse(options, USAGE, context);
  const entries = pairs.map(readEntry);
  const wrong = pairs.find((_, index) => entries[index] === undefined);
  if (wrong !== undefined) return refuse(`${quote(wrong)} is not KEY=VALUE`, USAGE, context);
  const { rules, faults } = await loadRules(path, options);
  if (rules === undefined) {
    for (const fault of faults) context.writeError(formatFault(fault));
    return EXIT_CODE.failure;
  }
  const question = { domain, entries: entries as Entry[], hits };
  const explanation = await explainQuestion(rules, question, wallClockMicros());
  context.writeOut(given.flags.json ? explanationAsJson(explanation) : explanationAsText(explanation));
  return EXIT_CODE.ok;
}

function readHits(text: string | undefined): number | undefined {
  if (text === undefined) return 1;
  return /^\d+$/.test(text) && Number(text) <= MAX_HITS ? Number(text) : undefined;
}
