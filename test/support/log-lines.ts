import type { Program } from "./program.js";
import { until } from "./until.js";

/** A line of the log, read. */
export type LogLine = Readonly<Record<string, unknown>>;

/** The log lines so far that contain this text. */
export function logLines({ output }: Pick<Program, "output">, text: string): LogLine[] {
  const lines = output().split("\n");
  return lines.filter((line) => line.startsWith("{") && line.endsWith("}") && line.includes(text)).map(parse);
}

/** Waits for so many such lines: they come by another way than answers, and perhaps after them. */
export function untilLogged(program: Pick<Program, "output">, text: string, count = 1): Promise<LogLine[]> {
  return until(`${text} is logged`, () => {
    const lines = logLines(program, text);
    return lines.length >= count ? lines : undefined;
  });
}

function parse(line: string): LogLine {
  return JSON.parse(line) as LogLine;
}
