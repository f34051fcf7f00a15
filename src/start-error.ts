/**
 * Why Weir did not start, in words for whoever started it.
 * - exit code 2: what it was told is wrong (rules, settings); trying again will not help.
 * - exit code 1: the surroundings are (a port in use); trying again may.
 */
export class StartError extends Error {
  override readonly name = "StartError";
  readonly exitCode: 1 | 2;
  /** For stderr, in order, without line ends; a line may itself span several (a fault and its caret). */
  readonly lines: readonly string[];

  constructor(exitCode: 1 | 2, lines: readonly string[], options?: ErrorOptions) {
    super(lines.join("\n"), options);
    this.exitCode = exitCode;
    this.lines = lines;
  }
}
