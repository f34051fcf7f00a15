import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

/** A script for Redis, and the name by which Redis knows it once it was loaded. */
export interface LuaScript {
  readonly source: string;
  /** SHA-1 of the source in hexadecimal, as EVALSHA wants it. */
  readonly sha: string;
}

/**
 * Reads a script from the files of `scripts/` beside this file, put one after the other: each may use what those before
 * it define. In dist/ as in src/: the build copies them.
 * @param names the files' names without `.lua`
 * @throws the file system's error when one is not there
 */
export function loadScript(...names: readonly string[]): LuaScript {
  const files = names.map((name) => readFileSync(new URL(`./scripts/${name}.lua`, import.meta.url), "utf8"));
  const source = files.join("\n");
  return { source, sha: createHash("sha1").update(source).digest("hex") };
}

/** How buckets are read, brought to a moment, and written. Each file uses what those before it define. */
const BUCKET_FILES = ["exact", "pending-charges", "token-bucket", "fixed-window", "sliding-window", "buckets"];

/** The script that decides over batches. */
export const BATCH_SCRIPT = loadScript(...BUCKET_FILES, "decision", "give-back", "batch");

/** The scripts that look at one bucket, and make it full. */
export const INSPECT_SCRIPT = loadScript(...BUCKET_FILES, "inspect");
export const RESET_SCRIPT = loadScript("reset");

/** The script that reads and replaces a text that replicas share. */
export const SHARED_TEXT_SCRIPT = loadScript("shared-text");
