import type { TestContext } from "vitest";
import type { Reporter, TestModule } from "vitest/node";

/** One line of the table at the end of the suite. */
export interface FaultRow {
  readonly fault: string;
  readonly offered: number;
  readonly admitted: number;
  /** The most that the limits allow. */
  readonly model: number;
  /** Tokens that were taken and then given again: lost writes of a replica, or all of them by FLUSHALL. */
  readonly forgotten: number;
  /** Tokens that were taken though no caller was told so. */
  readonly unheard: number;
  /** Calls answered later than the deadline and a little. */
  readonly late: number;
  readonly slowestMillis: number;
  /** Calls that D13 answered. */
  readonly withoutStore: number;
  /** From the fault's end to the first answer that took a token. */
  readonly recoveryMillis: number;
  /** What Weir held more at the fault's end than before it, and the growth of its process. */
  readonly keptMegabytes: number;
  readonly residentMegabytes: number;
}

declare module "vitest" {
  interface TaskMeta {
    faultRow?: FaultRow;
  }
}

const COLUMNS: readonly (readonly [title: string, cell: (row: FaultRow) => string])[] = [
  ["fault", ({ fault }) => fault],
  ["offered", ({ offered }) => String(offered)],
  ["admitted", ({ admitted }) => String(admitted)],
  ["model <=", ({ model }) => String(model)],
  ["forgotten", ({ forgotten }) => String(forgotten)],
  ["unheard", ({ unheard }) => String(unheard)],
  ["without store", ({ withoutStore }) => String(withoutStore)],
  ["late", ({ late }) => String(late)],
  ["slowest ms", ({ slowestMillis }) => String(slowestMillis)],
  ["recovery ms", ({ recoveryMillis }) => String(recoveryMillis)],
  ["kept MB", ({ keptMegabytes }) => keptMegabytes.toFixed(1)],
  ["RSS MB", ({ residentMegabytes }) => residentMegabytes.toFixed(0)],
];

/** Puts a row into the table, for the test that runs. */
export function addRow({ task }: TestContext, row: FaultRow): void {
  task.meta.faultRow = row;
}

/** The rows as text, a line each under a line of titles. */
function tableText(rows: readonly FaultRow[]): string {
  const lines = [COLUMNS.map(([title]) => title), ...rows.map((row) => COLUMNS.map(([, cell]) => cell(row)))];
  const widths = COLUMNS.map((_, column) => Math.max(...lines.map((line) => line[column]!.length)));
  const padded = lines.map((line) =>
    line.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!))).join("  "),
  );
  return `${padded.join("\n")}\n`;
}

/** Prints the table when all tests have run, if there were any of the fault suite. */
export class FaultTable implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const rows: FaultRow[] = [];
    for (const module of modules) {
      for (const test of module.children.allTests()) {
        const { faultRow } = test.meta();
        if (faultRow !== undefined) rows.push(faultRow);
      }
    }
    if (rows.length > 0) process.stdout.write(`\nFaults, with what was offered and admitted:\n${tableText(rows)}\n`);
  }
}
