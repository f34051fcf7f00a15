import { readdir, readFile, realpath, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Fault } from "./faults.js";
import type { SourceFile } from "./source-file.js";

/** What was found at a path. */
export interface ReadResult {
  /** Sorted by path. */
  readonly files: readonly SourceFile[];
  readonly faults: readonly Fault[];
}

const RULES_FILE = /\.ya?ml$/;

/**
 * Reads one rules file of any name, or all *.yaml and *.yml files in a folder, at any depth. Symbolic links are
 * followed; names that begin with a dot are skipped (Kubernetes keeps the versions of a ConfigMap in such folders).
 * Never rejects.
 */
export async function readFiles(path: string): Promise<ReadResult> {
  try {
    if (!(await stat(path)).isDirectory()) return await readPaths([path]);
    const found = await findRulesFiles(path, []);
    if (found.paths.length === 0 && found.faults.length === 0) {
      return { files: [], faults: [faultOf(path, "no rules files (*.yaml, *.yml) in this folder")] };
    }
    const read = await readPaths(found.paths.sort());
    return { files: read.files, faults: [...found.faults, ...read.faults] };
  } catch (error) {
    return { files: [], faults: [faultOf(path, describeReadError(error))] };
  }
}

interface FoundPaths {
  readonly paths: string[];
  readonly faults: Fault[];
}

/** @param above the real paths of the folders on the way, by which a link back to one of them is found */
async function findRulesFiles(folder: string, above: readonly string[]): Promise<FoundPaths> {
  const paths: string[] = [];
  const faults: Fault[] = [];
  try {
    const real = await realpath(folder);
    if (above.includes(real)) return { paths, faults };
    for (const name of await readdir(folder)) {
      if (name.startsWith(".")) continue;
      const path = join(folder, name);
      const kind = await kindOf(path);
      if (kind === "folder") {
        const inside = await findRulesFiles(path, [...above, real]);
        paths.push(...inside.paths);
        faults.push(...inside.faults);
      } else if (RULES_FILE.test(name)) {
        if (kind === "other") faults.push(faultOf(path, "not a file"));
        else paths.push(path);
      }
    }
  } catch (error) {
    faults.push(faultOf(folder, describeReadError(error)));
  }
  return { paths, faults };
}

/** A link that leads nowhere counts as a file: reading it then says what is wrong, if it should have been one. */
async function kindOf(path: string): Promise<"folder" | "file" | "other"> {
  try {
    const found = await stat(path);
    if (found.isDirectory()) return "folder";
    return found.isFile() ? "file" : "other";
  } catch {
    return "file";
  }
}

async function readPaths(paths: readonly string[]): Promise<ReadResult> {
  const files: SourceFile[] = [];
  const faults: Fault[] = [];
  for (const path of paths) {
    try {
      files.push({ path, text: new TextDecoder("utf-8", { fatal: true }).decode(await readFile(path)) });
    } catch (error) {
      faults.push(faultOf(path, describeReadError(error)));
    }
  }
  return { files, faults };
}

function faultOf(path: string, message: string): Fault {
  return { severity: "error", position: { file: path, line: 1, column: 1 }, message, sourceLine: "" };
}

function describeReadError(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  switch (code) {
    case "ENOENT":
      return "no such file or folder";
    case "EACCES":
    case "EPERM":
      return "may not be read: permission denied";
    case "ELOOP":
      return "too many symbolic links";
    case "ERR_ENCODING_INVALID_ENCODED_DATA":
      return "not UTF-8 text";
    default:
      return `cannot be read: ${message}`;
  }
}
