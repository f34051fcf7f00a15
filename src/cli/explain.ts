import { MAX_HITS } from "../limits/limit.js";
import { formatFault } from "../rules/faults.js";
import { type LoadResult, loadRules } from "../rules/load-rules.js";
import { quote } from "../rules/quote.js";
import type { Entry } from "../rules/rule.js";
import { wallClockMicros } from "../stores/memory/wall-clock.js";
import { ADMIN_FLAGS, NoAdminAnswer, readAdminTarget } from "./admin/ask-admin.js";
import { type CliContext, EXIT_CODE } from "./cli-context.js";
import { DEFAULT_ALGORITHM_HELP, readDefaultAlgorithm } from "./default-algorithm.js";
import { explain as explainQuestion, type Question } from "./explain/explanation.js";
import { explanationAsJson } from "./explain/explanation-as-json.js";
import { explanationAsText } from "./explain/explanation-as-text.js";
import { rulesOfServer } from "./explain/rules-of-server.js";
import { type Arguments, readArguments, refuse } from "./read-arguments.js";
import { readEntry } from "./read-entry.js";

const FLAGS = { hits: "value", json: "alone", "default-algorithm": "value", ...ADMIN_FLAGS } as const;

const USAGE = {
  command: "explain",
  line: "Usage: weir explain [flags] RULES DOMAIN KEY=VALUE...",
  help: `Shows which rule a descriptor meets and why, which closer rules did not match, the rule's limits, the keys of its
buckets in the store, and the answer to a request while those buckets are full. RULES is a file or a folder; each
KEY=VALUE is one entry of the descriptor, in order.

  --hits N            what the request costs (default 1); 0 is a peek, which takes nothing
  --json              write the same as JSON
  --admin URL         instead of RULES: the rules in force in a running server, such as http://127.0.0.1:6070
  --token-file FILE   the token of its admin API, if it requires one
${DEFAULT_ALGORITHM_HELP}

Exit code: 0, also when no rule is met; 1 when the rules have errors; 2 when the command line is invalid; 3 when the
server does not answer.`,
  flags: FLAGS,
} as const;

/** `weir explain`: which rule a descriptor meets, and why. Resolves with the exit code. */
export async function explain(argv: readonly string[], context: CliContext): Promise<number> {
  const given = readArguments(argv, USAGE, context);
  if (typeof given === "number") return given;
  const plan = readPlan(given);
  if (typeof plan === "string") return refuse(plan, USAGE, context);
  try {
    const { rules, faults } = await plan.load();
    if (rules === undefined) {
      for (const fault of faults) context.writeError(formatFault(fault));
      return EXIT_CODE.failure;
    }
    const explanation = await explainQuestion(rules, plan.question, wallClockMicros());
    context.writeOut(given.flags.json ? explanationAsJson(explanation) : explanationAsText(explanation));
    return EXIT_CODE.ok;
  } catch (error) {
    if (!(error instanceof NoAdminAnswer)) throw error;
    context.writeError(`weir explain: no answer from ${plan.from}: ${error.message}`);
    return EXIT_CODE.noAnswer;
  }
}

/** What to explain, by which rules. */
interface Plan {
  readonly question: Question;
  /** The rules, or the server that has them. */
  readonly from: string;
  /** @throws NoAdminAnswer */
  readonly load: () => Promise<LoadResult>;
}

/** Reads the command line, or says why it makes no sense. */
function readPlan({ flags, positionals }: Arguments<typeof FLAGS>): Plan | string {
  const ofServer = flags.admin !== undefined || flags["token-file"] !== undefined;
  const [path, ...rest] = ofServer ? ["", ...positionals] : positionals;
  if (path === undefined) return "no RULES given";
  const question = readQuestion(rest, flags.hits);
  if (typeof question === "string") return question;
  if (!ofServer) {
    const options = readDefaultAlgorithm(flags["default-algorithm"]);
    return typeof options === "string" ? options : { question, from: path, load: () => loadRules(path, options) };
  }
  if (flags["default-algorithm"] !== undefined)
    return "--default-algorithm cannot be combined with --admin: the server's setting applies";
  const target = readAdminTarget(flags);
  if (typeof target === "string") return target;
  return { question, from: target.adminUrl.origin, load: () => rulesOfServer(target) };
}

function readQuestion([domain, ...pairs]: readonly string[], givenHits: string | undefined): Question | string {
  if (domain === undefined || domain === "") return "no DOMAIN given";
  if (pairs.length === 0) return "no descriptor given: list its entries as KEY=VALUE";
  const hits = readHits(givenHits);
  if (hits === undefined) return `--hits must be a whole number from 0 to ${MAX_HITS}`;
  const entries = pairs.map(readEntry);
  const wrong = pairs.find((_, index) => entries[index] === undefined);
  return wrong === undefined ? { domain, entries: entries as Entry[], hits } : `${quote(wrong)} is not KEY=VALUE`;
}

function readHits(text: string | undefined): number | undefined {
  if (text === undefined) return 1;
  return /^\d+$/.test(text) && Number(text) <= MAX_HITS ? Number(text) : undefined;
}
