import { join } from "node:path";
import { findProgram, TOOLS } from "../find-program.js";

/** The programs that scripts/ensure-proof-tools.sh brings. */
export type ProofTool = "h2spec" | "grpcurl" | "go-client" | "python-grpc" | "h2load";

/**
 * The path of a program that the proof needs.
 * @throws Error when it is not there, with words on how to get it
 */
export function proofTool(name: ProofTool): string {
  const found = findProgram(name, [join(TOOLS, "bin"), TOOLS]);
  if (found !== undefined) return found;
  throw new Error(`${name} is not on this machine: run \`bash scripts/ensure-proof-tools.sh\``);
}
