import { readdir, readFile, realpath, stat } from "node:fs/promises";
import { join } from "node:path";
import { FAULT_CODES, type FaultCode } from "./fault-codes.js";
import type { Fault } from "./faults.js";
import { hasSkippedRules } from "./skipped-file.js";
import type { SourceFile } from "./source-file.js";

/** What was found at a path. */
export interface ReadResult {
  /** Sorted by path. */
  readonly files: readonly SourceFile[];
  readonly faults: readonly Fault[];
}

const RULES_FILE = /\.ya?ml$/;

/** The most that all files together may have. Rules of that size take ten seconds or more, and gigabytes, to compile. */
export const MAX_RULES_BYTES = 16 * 2 ** 20;

/**
 * Reads one rules file of any name, or all *.yaml and *.yml files in a folder, at any depth. Symbolic links are
 * followed; names that begin with a dot are skipped (Kubernetes keeps the versions of a ConfigMap in such folders), with
 * a warning where that skips rules. Never rejects.
 */
export async function readFiles(path: string): Promise<ReadResult> {
  try {
    if (!(await stat(path)).isDirectory()) return await readPaths([path]);
    const found = await findRulesFiles(path, []);
    if (found.paths.length === 0 && found.faults.every((fault) => fault.severity === "warning")) {
      found.faults.push(faultOf(path, "no rules files (*.yaml, *.yml) in this folder", "no-rules-files"));
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
      const path = join(folder, name);
      const kind = await kindOf(path);
      const isHidden = name.startsWith(".");
      if (isHidden || (kind === "file" && !RULES_FILE.test(name))) {
        if (kind === "file" && (await hasSkippedRules(path, name))) faults.push(skipOf(path));
      } else if (kind === "folder") {
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
  let bytesLeft = MAX_RULES_BYTES;
  for (const path of paths) {
    try {
      const { size } = await stat(path);
      bytesLeft -= size;
      if (bytesLeft < 0) return { files: [], faults: [...faults, faultOf(path, TOO_LARGE, "too-large")] };
      files.push({ path, text: new TextDecoder("utf-8", { fatal: true }).decode(await readFile(path)) });
    } catch (error) {
      faults.push(faultOf(path, describeReadError(error)));
    }
  }
  return { files, faults };
}

function faultOf(path: string, message: string, code: FaultCode = "unreadable"): Fault {
  return {
    code,
    severity: FAULT_CODES[code].severity,
    position: { file: path, line: 1, column: 1 },
    message,
    sourceLine: "",
  };
}

function skipOf(path: string): Fault {
  const message =
    "skipped: names of rules files end in .yaml or .yml and do not begin with a dot (envoyproxy/ratelimit would load this one)";
  return faultOf(path, message, "skipped-file");
}

const TOO_LARGE = `too large: rules can have at most ${MAX_RULES_BYTES / 2 ** 20} MiB in all files together, and this file goes beyond that`;

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
