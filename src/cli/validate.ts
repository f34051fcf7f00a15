import { type Fault, formatFault, isError } from "../rules/faults.js";
import { loadRules } from "../rules/load-rules.js";
import type { RuleSet } from "../rules/rule.js";
import { type CliContext, EXIT_CODE } from "./cli-context.js";
import { countOf } from "./count-of.js";
import { DEFAULT_ALGORITHM_HELP, readDefaultAlgorithm } from "./default-algorithm.js";
import { readArguments, refuse } from "./read-arguments.js";
import { faultsAsJson } from "./validate/faults-as-json.js";
import { githubAnnotation } from "./validate/github-annotation.js";

const USAGE = {
  command: "validate",
  line: "Usage: weir validate [flags] FILE|DIR...",
  help: `Reads rules as \`weir serve\` would, each FILE or DIR on its own, and shows everything that is wrong with them.

  --strict   treat warnings as errors
  --json     write the errors and warnings to standard output as a JSON array: severity, code, file, line, column, message
  --github   write them to standard output as GitHub workflow annotations
${DEFAULT_ALGORITHM_HELP}

Exit code: 0 when the rules would load, though there may be warnings; 1 when they would not, or with --strict when
there is a warning; 2 when the command line is invalid.`,
  flags: { strict: "alone", json: "alone", github: "alone", "default-algorithm": "value" },
} as const;

/** `weir validate`: looks for faults in rules. Resolves with the exit code. */
export async function validate(argv: readonly string[], context: CliContext): Promise<number> {
  const given = readArguments(argv, USAGE, context);
  if (typeof given === "number") return given;
  const { flags, positionals: paths } = given;
  if (flags.json && flags.github) return refuse("--json and --github cannot be combined", USAGE, context);
  const options = readDefaultAlgorithm(flags["default-algorithm"]);
  if (typeof options === "string") return refuse(options, USAGE, context);
  if (paths.length === 0) return refuse("no FILE or DIR given", USAGE, context);
  const loaded = await Promise.all(paths.map((path) => loadRules(path, options)));
  const faults = loaded.flatMap((each) => each.faults);
  const failed = flags.strict ? faults.length > 0 : faults.some(isError);
  if (flags.json) context.writeOut(faultsAsJson(faults));
  else if (flags.github) for (const fault of faults) context.writeOut(githubAnnotation(fault));
  else for (const fault of faults) context.writeError(formatFault(fault));
  if (failed) {
    context.writeError(summarizeFaults(faults));
    return EXIT_CODE.failure;
  }
  if (!flags.json) context.writeOut(summarizeRules(loaded.flatMap(({ rules }) => rules ?? [])));
  return EXIT_CODE.ok;
}

function summarizeFaults(faults: readonly Fault[]): string {
  const errors = faults.filter(isError).length;
  return `${countOf(errors, "error")}, ${countOf(faults.length - errors, "warning")}`;
}

function summarizeRules(ruleSets: readonly RuleSet[]): string {
  const domains = ruleSets.flatMap((ruleSet) => [...ruleSet.domains.values()]);
  const rules = domains.flatMap((domain) => domain.rules);
  const files = new Set(rules.map((rule) => rule.position.file));
  return `fine: ${countOf(files.size, "file")}, ${countOf(domains.length, "domain")}, ${countOf(rules.length, "rule")}`;
}
