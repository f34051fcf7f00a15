import { execFile } from "node:child_process";
import { join } from "node:path";
import { findProgram, TOOLS } from "../find-program.js";

/** The programs and schemas that scripts/ensure-kubernetes-tools.sh brings. */
export const KUBERNETES_TOOLS = join(TOOLS, "kubernetes");

export type KubernetesTool = "kubectl" | "helm" | "kubeconform" | "pod-security";

/** How a program ended. */
export interface ToolRun {
  readonly exitCode: number | string;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs one of them to its end, or for a minute.
 * @param input what it reads from its standard input
 * @throws Error when it is not there, with words on how to get it
 */
export function runKubernetesTool(name: KubernetesTool, args: readonly string[], input = ""): Promise<ToolRun> {
  const path = findProgram(name, [KUBERNETES_TOOLS]);
  if (path === undefined) {
    throw new Error(`${name} is not on this machine: run \`bash scripts/ensure-kubernetes-tools.sh\``);
  }
  return new Promise((resolve) => {
    const child = execFile(path, args, { timeout: 60_000, maxBuffer: 50e6 }, (error, stdout, stderr) => {
      const exitCode = error === null ? 0 : (error.code ?? error.signal ?? "unknown");
      resolve({ exitCode, stdout, stderr });
    });
    child.stdin?.end(input);
  });
}
