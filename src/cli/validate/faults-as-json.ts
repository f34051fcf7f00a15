import type { Fault } from "../../rules/faults.js";

/** Faults for scripts: a JSON array of flat objects, one line each, in the order in which they are reported. */
export function faultsAsJson(faults: readonly Fault[]): string {
  const lines = faults.map(({ severity, code, position: { file, line, column }, message }) =>
    JSON.stringify({ severity, code, file, line, column, message }),
  );
  return lines.length === 0 ? "[]" : `[\n  ${lines.join(",\n  ")}\n]`;
}
