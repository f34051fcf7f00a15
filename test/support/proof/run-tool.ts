import { execFile } from "node:child_process";
import { type ProofTool, proofTool } from "./proof-tools.js";

/** How a program ended. */
export interface ToolRun {
  readonly exitCode: number | string;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs one of the proof's programs to its end, or for a minute. */
export function runTool(name: ProofTool, args: readonly string[]): Promise<ToolRun> {
  return new Promise((resolve) => {
    execFile(proofTool(name), args, { timeout: 60_000, maxBuffer: 50e6 }, (error, stdout, stderr) => {
      const exitCode = error === null ? 0 : (error.code ?? error.signal ?? "unknown");
      resolve({ exitCode, stdout, stderr });
    });
  });
}
