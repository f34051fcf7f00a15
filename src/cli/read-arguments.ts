import { parseArgs } from "node:util";
import { nearest } from "../rules/nearest.js";
import { quote } from "../rules/quote.js";
import { type CliContext, EXIT_CODE } from "./cli-context.js";

/** The flags of a command by name, without dashes: those that stand alone, and those with a value. */
export type Flags = Readonly<Record<string, "alone" | "value">>;

/** What a command takes, as it tells people. */
export interface Usage<F extends Flags> {
  /** The command's name, such as `validate`. */
  readonly command: string;
  /** One line: `Usage: weir ...`. */
  readonly line: string;
  /** What `--help` says below that line. */
  readonly help: string;
  readonly flags: F;
}

/** A command line that makes sense so far. */
export interface Arguments<F extends Flags> {
  readonly flags: { readonly [Name in keyof F]?: F[Name] extends "alone" ? true : string };
  readonly positionals: readonly string[];
}

/**
 * Reads what follows a command's name. Answers `--help` and refuses unknown flags, with the nearest known one.
 * @returns the arguments, or the exit code when all has been said
 */
export function readArguments<F extends Flags>(
  argv: readonly string[],
  usage: Usage<F>,
  context: CliContext,
): Arguments<F> | number {
  const options: Record<string, { type: "boolean" | "string"; short?: string }> = {
    help: { type: "boolean", short: "h" },
  };
  for (const [name, kind] of Object.entries(usage.flags))
    options[name] = { type: kind === "alone" ? "boolean" : "string" };
  // Not strict: its messages could not name the nearest flag.
  const { tokens, positionals } = parseArgs({
    args: [...argv],
    options,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const given = tokens.filter((token) => token.kind === "option");
  if (given.some(({ name }) => name === "help")) {
    context.writeOut(`${usage.line}\n\n${usage.help}`);
    return EXIT_CODE.ok;
  }
  const flags: Record<string, string | true> = {};
  for (const flag of given) {
    const fault = faultOf(flag, usage.flags);
    if (fault !== undefined) return refuse(fault, usage, context);
    flags[flag.name] = flag.value ?? true;
  }
  return { flags: flags as Arguments<F>["flags"], positionals };
}

/** Says why a command line makes no sense, and how one looks. Returns the exit code. */
export function refuse(why: string, usage: Pick<Usage<Flags>, "command" | "line">, context: CliContext): number {
  context.writeError(`weir ${usage.command}: ${why}`);
  context.writeError(usage.line);
  return EXIT_CODE.usage;
}

interface GivenFlag {
  readonly name: string;
  /** With its dashes. */
  readonly rawName: string;
  readonly value?: string | undefined;
  readonly inlineValue?: boolean | undefined;
}

function faultOf({ name, rawName, value, inlineValue }: GivenFlag, flags: Flags): string | undefined {
  const kind = Object.hasOwn(flags, name) && rawName.startsWith("--") ? flags[name] : undefined;
  if (kind === undefined) {
    const near = nearest(
      rawName,
      [...Object.keys(flags), "help"].map((known) => `--${known}`),
    );
    return `${rawName} is not a flag${near === undefined ? "" : `; did you mean ${near}?`}`;
  }
  if (kind === "alone") return value === undefined ? undefined : `${rawName} takes no value, was given ${quote(value)}`;
  const isMissing = value === undefined || value === "" || (inlineValue !== true && value.startsWith("-"));
  return isMissing ? `${rawName} needs a value` : undefined;
}
