import { FAULT_CODES, type FaultCode } from "./fault-codes.js";
import type { Fault } from "./faults.js";
import type { Position } from "./rule.js";

/** A rules file as it was read. */
export interface SourceFile {
  /** As faults name it. */
  readonly path: string;
  readonly text: string;
}

/** Finds lines and columns in one file. */
export interface Locator {
  /** Where the character at this offset (UTF-16 units from 0) stands. */
  positionAt(offset: number): Position;
  /** A fault that points at this offset. */
  faultAt(code: FaultCode, offset: number, message: string): Fault;
}

/** A locator for the file. Lines end with LF or CRLF. */
export function locateIn(file: SourceFile): Locator {
  const { path, text } = file;
  const lineStarts = findLineStarts(text);

  function positionAt(offset: number): Position {
    const within = Math.min(Math.max(offset, 0), text.length);
    const index = lastAtMost(lineStarts, within);
    return { file: path, line: index + 1, column: within - (lineStarts[index] as number) + 1 };
  }

  function faultAt(code: FaultCode, offset: number, message: string): Fault {
    const position = positionAt(offset);
    const start = lineStarts[position.line - 1] as number;
    const end = lineStarts[position.line] ?? text.length;
    const { severity } = FAULT_CODES[code];
    return { code, severity, position, message, sourceLine: text.slice(start, end).replace(/\r?\n$/, "") };
  }

  return { positionAt, faultAt };
}

function findLineStarts(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return starts;
}

/** The index of the last of the ascending numbers that is not above `wanted`; the first one is never above it. */
function lastAtMost(numbers: readonly number[], wanted: number): number {
  let low = 0;
  let high = numbers.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((numbers[middle] as number) <= wanted) low = middle;
    else high = middle - 1;
  }
  return low;
}
