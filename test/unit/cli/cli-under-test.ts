import { EventEmitter } from "node:events";
import type { CliContext, CliProcess } from "../../../src/cli/cli-context.js";
import { runCli } from "../../../src/cli/run-cli.js";

/** A command line that runs without a process: what it wrote, and how it ends. */
export class CliUnderTest {
  readonly out: string[] = [];
  readonly errors: string[] = [];
  /** Codes of exits at once. */
  readonly exits: number[] = [];
  readonly #signals = new EventEmitter();

  run(argv: readonly string[], context: Partial<CliContext> = {}): Promise<number> {
    const process: CliProcess = {
      on: (event: string, listener: (reason: unknown) => void) => this.#signals.on(event, listener),
      exit: (code) => this.exits.push(code),
    };
    return runCli(argv, {
      env: {},
      process,
      version: "1.2.3",
      writeOut: (text) => this.out.push(text),
      writeError: (text) => this.errors.push(text),
      startApp: () => Promise.reject(new Error("this test starts no server")),
      ...context,
    });
  }

  /** What happens to the process: a signal, or an error that nobody caught. */
  happen(event: string, reason?: unknown): void {
    this.#signals.emit(event, reason);
  }
}
