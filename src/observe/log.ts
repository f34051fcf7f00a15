import { createRequire } from "node:module";
import { Writable } from "node:stream";
import { type DestinationStream, type Logger, pino, stdTimeFunctions } from "pino";

export type { Logger } from "pino";

export interface LogOptions {
  /** The least that is logged: trace, debug, info, warn, error or silent. */
  readonly level: string;
  /** JSON, a line an event; pretty: for people; auto, the default: pretty on a terminal and JSON elsewhere. */
  readonly format?: "json" | "pretty" | "auto";
  /** Where lines go; standard output by default. */
  readonly destination?: DestinationStream;
}

/**
 * A log of one JSON object a line, or of lines for people. Writing is synchronous: lines are few (what happens per request
 * is sampled), and none is lost when the process ends.
 */
export function createLogger({ level, format = "auto", destination }: LogOptions): Logger {
  const options = {
    level,
    base: null,
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
  };
  const isPretty = format === "pretty" || (format === "auto" && destination === undefined && process.stdout.isTTY);
  return pino(options, isPretty ? pretty(destination) : (destination ?? pino.destination({ dest: 1, sync: true })));
}

/** A line an event, coloured on a terminal. Loaded only where it is wanted: it is half as large as all else in the log. */
function pretty(destination: DestinationStream | undefined): DestinationStream {
  const { PinoPretty } = createRequire(import.meta.url)("pino-pretty") as typeof import("pino-pretty");
  const isTerminal = destination === undefined && process.stdout.isTTY === true;
  const target = destination === undefined ? 1 : toWritable(destination);
  return PinoPretty({ sync: true, singleLine: true, colorize: isTerminal, destination: target });
}

function toWritable(destination: DestinationStream): Writable {
  return new Writable({
    decodeStrings: false,
    write(line, _encoding, done) {
      destination.write(line);
      done();
    },
  });
}
