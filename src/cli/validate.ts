import { parseArgs } from "node:util";
import { type Fault, formatFault } from "../rules/faults.js";
import { loadRules } from "../rules/load-rules.js";
import type { RuleSet } from "../rules/rule.js";
import { type CliContext, EXIT_CODE } from "./cli-context.js";

const USAGE = "Usage: weir validate FILE|DIR...";

const HELP = `${USAGE}

Reads rules as \`weir serve\` would, each FILE or DIR on its own, and shows everything that is wrong with them.
Exit code: 0 when they would load, though there may be warnings; 1 when they would not.`;

/** `weir validate`: looks for faults in rules. Resolves with the exit code. */
export async function validate(argv: readonly string[], context: CliContext): Promise<number> {
  const { help, paths, error } = readArguments(argv);
  if (help) {
    context.writeOut(HELP);
    return EXIT_CODE.ok;
  }
  if (error !== undefined || paths.length === 0) {
    context.writeError(`weir validate: ${error ?? "which file or folder?"}`);
    context.writeError(USAGE);
    return EXIT_CODE.usage;
  }
  const loaded = await Promise.all(paths.map((path) => loadRules(path)));
  const faults = loaded.flatMap((each) => each.faults);
  for (const fault of faults) context.writeError(formatFault(fault));
  if (faults.some(isError)) {
    context.writeError(summarizeFaults(faults));
    return EXIT_CODE.failure;
  }
  context.writeOut(summarizeRules(loaded.flatMap(({ rules }) => rules ?? [])));
  return EXIT_CODE.ok;
}

interface Arguments {
  readonly help: boolean;
  readonly paths: readonly string[];
  readonly error?: string;
}

function readArguments(argv: readonly string[]): Arguments {
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      options: { help: { type: "boolean", short: "h" } },
      allowPositionals: true,
    });
    return { help: values.help === true, paths: positionals };
  } catch (error) {
    return { help: false, paths: [], error: (error as Error).message };
  }
}

function isError(fault: Fault): boolean {
  return fault.severity === "error";
}

function count(amount: number, one: string): string {
  return `${amount} ${one}${amount === 1 ? "" : "s"}`;
}

function summarizeFaults(faults: readonly Fault[]): string {
  const errors = faults.filter(isError).length;
  return `${count(errors, "error")}, ${count(faults.length - errors, "warning")}`;
}

function summarizeRules(ruleSets: readonly RuleSet[]): string {
  const domains = ruleSets.flatMap((ruleSet) => [...ruleSet.domains.values()]);
  const rules = domains.flatMap((domain) => domain.rules);
  const files = new Set(rules.map((rule) => rule.position.file));
  return `fine: ${count(files.size, "file")}, ${count(domains.length, "domain")}, ${count(rules.length, "rule")}`;
}
