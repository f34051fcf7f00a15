import { compareText } from "./compare-text.js";
import type { FaultCode } from "./fault-codes.js";
import type { Position } from "./rule.js";

/** Something wrong in a rules file. An error keeps the rules from loading, a warning does not. */
export interface Fault {
  /** What kind of fault it is; says the severity too. */
  readonly code: FaultCode;
  readonly severity: "error" | "warning";
  readonly position: Position;
  /** What is wrong and what would be right, without the position. */
  readonly message: string;
  /** The line of the file that the position points at, for the caret; empty where there is none to show. */
  readonly sourceLine: string;
}

/** It keeps rules from loading. */
export function isError({ severity }: Fault): boolean {
  return severity === "error";
}

/** How much of a long line is shown before and after the caret. */
const SHOWN_BEFORE = 80;
const SHOWN_AFTER = 80;

/** `file:line:column: message [code]`, the line and a caret under the column. Warnings say so before the message. */
export function formatFault(fault: Fault): string {
  const { file, line, column } = fault.position;
  const severity = fault.severity === "warning" ? "warning: " : "";
  const head = `${file}:${line}:${column}: ${severity}${fault.message} [${fault.code}]`;
  if (fault.sourceLine === "") return head;
  const start = column - 1 > SHOWN_BEFORE + 20 ? column - 1 - SHOWN_BEFORE : 0;
  const before = printable(fault.sourceLine.slice(start, column - 1));
  const after = printable(fault.sourceLine.slice(column - 1, column - 1 + SHOWN_AFTER));
  return `${head}\n  ${before}${after}\n  ${before.replace(/[^\t]/g, " ")}^`;
}

/** Faults in the order in which they are reported: by file, line and column; each once. */
export function sortFaults(faults: readonly Fault[]): Fault[] {
  const sorted = [...faults].sort(compareFaults);
  return sorted.filter((fault, i) => i === 0 || !isSame(sorted[i - 1] as Fault, fault));
}

function compareFaults(a: Fault, b: Fault): number {
  return (
    compareText(a.position.file, b.position.file) ||
    a.position.line - b.position.line ||
    a.position.column - b.position.column ||
    compareText(a.message, b.message)
  );
}

// An anchor that is used often is read often, and what is wrong in it would be told as often.
function isSame(a: Fault, b: Fault): boolean {
  return compareFaults(a, b) === 0 && a.severity === b.severity;
}

/** The line as a terminal can show it: an escape character in a file must not reach it. */
function printable(text: string): string {
  return text.replace(/[^\P{Cc}\t]/gu, "\u{fffd}");
}
