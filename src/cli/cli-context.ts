import type { App } from "../app.js";
import type { Environment, Settings } from "../settings.js";

/** What a command needs of the process it runs in, so that it can run in a test without one. */
export interface CliProcess {
  on(event: "SIGTERM" | "SIGINT" | "SIGHUP", listener: () => void): unknown;
  on(event: "uncaughtException" | "unhandledRejection", listener: (reason: unknown) => void): unknown;
  /** Ends the process at once. */
  exit(code: number): void;
}

/** The world as a command sees it. */
export interface CliContext {
  readonly env: Environment;
  readonly process: CliProcess;
  readonly version: string;
  /** Writes lines to standard output; adds the last line end. */
  readonly writeOut: (text: string) => void;
  /** The same for standard error. */
  readonly writeError: (text: string) => void;
  /** @param signal ends the waiting for the first rules */
  readonly startApp: (settings: Settings, signal?: AbortSignal) => Promise<App>;
}

/** What commands answer to the shell. */
export const EXIT_CODE = {
  ok: 0,
  /** What was asked for failed, or what was looked at is broken. */
  failure: 1,
  /** What was asked for makes no sense: arguments, settings, rules to start with. */
  usage: 2,
  /** `check`: there was nobody to ask, or no answer. */
  noAnswer: 3,
} as const;
