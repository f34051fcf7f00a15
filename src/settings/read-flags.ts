/** A flag as it was given. */
export interface GivenFlag {
  /** With its dashes: `--grpc-listen`. */
  readonly flag: string;
  /** Absent where nothing that could be its value followed. */
  readonly value?: string;
}

/** What a command line says. */
export interface GivenFlags {
  readonly flags: readonly GivenFlag[];
  /** Arguments that are neither a flag nor a flag's value. */
  readonly strays: readonly string[];
}

/**
 * Takes a command line apart: `--flag=value`, `--flag value` and a bare `--flag`.
 *
 * node:util's parseArgs does not do here: it would take `--global-shadow --store redis` for a flag with the value
 * `--store`, and could not leave the value of an unknown flag out of sight, which may be a secret.
 */
export function readFlags(argv: readonly string[]): GivenFlags {
  const flags: GivenFlag[] = [];
  const strays: string[] = [];
  for (let i = 0; i < argv.length; i++) {
    const argument = argv[i] as string;
    const equals = argument.indexOf("=");
    const next = argv[i + 1];
    if (!argument.startsWith("--")) {
      strays.push(argument);
    } else if (equals !== -1) {
      flags.push({ flag: argument.slice(0, equals), value: argument.slice(equals + 1) });
    } else if (next !== undefined && !next.startsWith("--")) {
      flags.push({ flag: argument, value: next });
      i++;
    } else {
      flags.push({ flag: argument });
    }
  }
  return { flags, strays };
}
