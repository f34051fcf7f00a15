import type { BigIntStats } from "node:fs";
import { readdir, realpath, stat } from "node:fs/promises";
import { dirname, join } from "node:path";

/** What is at the rules' path, cheaply enough to ask every second: nothing is opened, files are only looked at. */
export interface Fingerprint {
  /** Two that are equal mean that nothing has changed: which files there are, their sizes and times. */
  readonly text: string;
  /** Folders whose events tell of changes, by path, each with an identity that tells it from one made anew there. */
  readonly folders: ReadonlyMap<string, string>;
}

/** Also leaves out what editors put beside a file: `.x.yaml.swp`, `.#x.yaml`, `#x.yaml#`, `x.yaml~`, `4913`. */
const RULES_FILE = /^[^.].*\.ya?ml$/;

/** A fingerprint while it is taken. */
interface Walk {
  readonly lines: string[];
  readonly folders: Map<string, string>;
}

/** Looks at a rules file, or at the rules files in a folder at any depth, as `readFiles` would find them. Never rejects. */
export async function takeFingerprint(path: string): Promise<Fingerprint> {
  const walk: Walk = { lines: [], folders: new Map() };
  const found = await look(path, walk);
  if (found?.isDirectory()) await walkFolder(path, found, [], walk);
  else if (found !== undefined) addFile(path, found, walk);
  // A file's own folder tells when it is replaced, and that of a folder when the folder is.
  await addFolder(dirname(path), undefined, walk);
  return { text: walk.lines.join("\n"), folders: walk.folders };
}

/** @param above the real paths of the folders on the way, by which a link back to one of them is found */
async function walkFolder(folder: string, found: BigIntStats, above: readonly string[], walk: Walk): Promise<void> {
  try {
    const real = await realpath(folder);
    if (above.includes(real)) return;
    await addFolder(folder, found, walk);
    for (const name of (await readdir(folder)).sort()) {
      if (name.startsWith(".")) continue;
      const path = join(folder, name);
      const isRules = RULES_FILE.test(name);
      const inside = await look(path, walk, isRules);
      if (inside?.isDirectory()) await walkFolder(path, inside, [...above, real], walk);
      else if (inside !== undefined && isRules) addFile(path, inside, walk);
    }
  } catch (error) {
    addError(folder, error, walk);
  }
}

/** What a path leads to; undefined, and an error if that matters, where nothing can be seen. */
async function look(path: string, walk: Walk, matters = true): Promise<BigIntStats | undefined> {
  try {
    return await stat(path, { bigint: true });
  } catch (error) {
    if (matters) addError(path, error, walk);
    return undefined;
  }
}

/** Times alone would not do: two files that are written within one tick of the kernel's clock have the same. */
function addFile(path: string, { ino, size, mtimeNs, ctimeNs }: BigIntStats, walk: Walk): void {
  walk.lines.push(`${path} is ${ino} ${size} ${mtimeNs} ${ctimeNs}`);
}

async function addFolder(folder: string, known: BigIntStats | undefined, walk: Walk): Promise<void> {
  const found = known ?? (await look(folder, walk, false));
  if (found !== undefined) walk.folders.set(folder, `${found.dev} ${found.ino} ${found.birthtimeNs}`);
}

function addError(path: string, error: unknown, walk: Walk): void {
  walk.lines.push(`${path} fails with ${(error as NodeJS.ErrnoException).code}`);
}
