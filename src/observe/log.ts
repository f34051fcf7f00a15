import { createRequire } from "node:module";
import { type DestinationStream, type Logger, pino, stdTimeFunctions } from "pino";

export type { Logger } from "pino";

export interface LogOptions {
  /** The least that is logged: trace, debug, info, warn, error or silent. */
  readonly level: string;
  /** Where lines go; standard output by default. */
  readonly destination?: DestinationStream;
}

/**
 * A log of one JSON object a line, or of coloured lines where a developer watches a terminal. Writing is synchronous:
 * lines are few (what happens per request is sampled), and none is lost when the process ends.
 */
export function createLogger({ level, destination }: LogOptions): Logger {
  const options = {
    level,
    base: null,
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  return pino(options, destination ?? terminal() ?? pino.destination({ dest: 1, sync: true }));
}

/** Makes lines readable, on a terminal and where pino-pretty is installed, which it is for development only. */
function terminal(): DestinationStream | undefined {
  if (!process.stdout.isTTY) return undefined;
  const require = createRequire(import.meta.url);
  try {
    const { PinoPretty } = require("pino-pretty") as typeof import("pino-pretty");
    return PinoPretty({ sync: true });
  } catch {
    return undefined;
  }
}
