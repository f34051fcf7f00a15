import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

/** A script for Redis, and the name by which Redis knows it once it was loaded. */
export interface LuaScript {
  readonly source: string;
  /** SHA-1 of the source in hexadecimal, as EVALSHA wants it. */
  readonly sha: string;
}

/**
 * Reads a script that stands in `scripts/` beside this file. In dist/ as in src/: the build copies it.
 * @param name the file's name without `.lua`
 * @throws the file system's error when there is none
 */
export function loadScript(name: string): LuaScript {
  const source = readFileSync(new URL(`./scripts/${name}.lua`, import.meta.url), "utf8");
  return { source, sha: createHash("sha1").update(source).digest("hex") };
}
