import { accessSync, constants } from "node:fs";
import { delimiter, join, resolve } from "node:path";

/** Where scripts/ensure-*.sh put what is no Debian package. */
export const TOOLS = process.env.TOOLS_DIR ?? resolve(import.meta.dirname, "../../.tools");

export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The first program of this name in `folders`, in their order, or else on PATH. */
export function findProgram(name: string, folders: readonly string[] = []): string | undefined {
  const onPath = (process.env.PATH ?? "").split(delimiter).filter((folder) => folder !== "");
  return [...folders, ...onPath].map((folder) => join(folder, name)).find(isExecutable);
}
