import { accessSync, constants } from "node:fs";
import { delimiter, join, resolve } from "node:path";

/** Where scripts/ensure-proof-tools.sh puts what is no Debian package. */
const TOOLS = process.env.TOOLS_DIR ?? resolve(import.meta.dirname, "../../../.tools");

/** The programs that it brings. */
export type ProofTool = "h2spec" | "grpcurl" | "go-client" | "python-grpc" | "h2load";

/**
 * The path of a program that the proof needs.
 * @throws Error when it is not there, with words on how to get it
 */
export function proofTool(name: ProofTool): string {
  const onPath = (process.env.PATH ?? "").split(delimiter).filter((folder) => folder !== "");
  const found = [join(TOOLS, "bin"), TOOLS, ...onPath].map((folder) => join(folder, name)).find(isExecutable);
  if (found !== undefined) return found;
  throw new Error(`${name} is not on this machine: run \`bash scripts/ensure-proof-tools.sh\``);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
