import { nearest } from "../rules/nearest.js";
import { type CliContext, EXIT_CODE } from "./cli-context.js";

interface Command {
  readonly usage: string;
  readonly summary: string;
  /** Loads the command's code when it runs, so that none waits for another's. */
  readonly run: (argv: readonly string[], context: CliContext) => Promise<number>;
}

const COMMANDS: ReadonlyMap<string, Command> = new Map([
  [
    "serve",
    {
      usage: "serve [flags]",
      summary: "answer Envoy's rate limit calls",
      run: async (argv, context) => (await import("./serve.js")).serve(argv, context),
    },
  ],
  [
    "validate",
    {
      usage: "validate FILE|DIR...",
      summary: "check rules for errors",
      run: async (argv, context) => (await import("./validate.js")).validate(argv, context),
    },
  ],
  [
    "explain",
    {
      usage: "explain RULES DOMAIN KEY=VALUE...",
      summary: "show which rule a descriptor meets, and why",
      run: async (argv, context) => (await import("./explain.js")).explain(argv, context),
    },
  ],
  [
    "test",
    {
      usage: "test FILE|DIR...",
      summary: "run tests of rules, in virtual time",
      run: async (argv, context) => (await import("./test.js")).test(argv, context),
    },
  ],
  [
    "check",
    {
      usage: "check DOMAIN KEY=VALUE...",
      summary: "ask a running server, as Envoy does",
      run: async (argv, context) => (await import("./check.js")).check(argv, context),
    },
  ],
  [
    "top",
    {
      usage: "top [flags]",
      summary: "show what a running server does, live",
      run: async (argv, context) => (await import("./top.js")).top(argv, context),
    },
  ],
] satisfies [string, Command][]);

function describeCommands(): string {
  const lines = [...COMMANDS.values()].map(({ usage, summary }) => `  weir ${usage.padEnd(34)} ${summary}`);
  return [
    "Usage: weir COMMAND",
    "",
    ...lines,
    "",
    "  weir COMMAND --help                     help for a command",
    "  weir --version                          the version",
  ].join("\n");
}

/**
 * Runs a command.
 * @param argv the command line after the program's name
 * @returns the exit code; for `serve`, when it has stopped
 */
export async function runCli(argv: readonly string[], context: CliContext): Promise<number> {
  const [name, ...rest] = argv;
  if (name === "--help" || name === "-h") {
    context.writeOut(describeCommands());
    return EXIT_CODE.ok;
  }
  if (name === "--version") {
    context.writeOut(`weir ${context.version}`);
    return EXIT_CODE.ok;
  }
  if (name === undefined) {
    context.writeError(describeCommands());
    return EXIT_CODE.usage;
  }
  const command = COMMANDS.get(name);
  if (command !== undefined) return await command.run(rest, context);
  const near = nearest(name, [...COMMANDS.keys(), "--help", "--version"]);
  context.writeError(`weir: ${name} is not a command${near === undefined ? "" : `; did you mean ${near}?`}`);
  context.writeError("weir --help lists all commands");
  return EXIT_CODE.usage;
}
