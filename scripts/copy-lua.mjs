import { copyFileSync, mkdirSync, readdirSync } from "node:fs";
import { dirname, extname, join } from "node:path";

/**
 * Copies the Lua scripts under `from` to the same places under `to`. The Redis store reads them from beside the
 * compiled file that names them.
 * @param {string} from a folder
 * @param {string} to a folder
 */
export function copyLua(from, to) {
  for (const path of readdirSync(from, { recursive: true, encoding: "utf8" })) {
    if (extname(path) !== ".lua") continue;
    mkdirSync(dirname(join(to, path)), { recursive: true });
    copyFileSync(join(from, path), join(to, path));
  }
}
