import { mkdir, mkdtemp, readlink, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What files hold, by their names. */
export type Files = Readonly<Record<string, string | Uint8Array>>;

/** A ConfigMap or Secret as a kubelet mounts it. */
export interface MountedFolder {
  readonly path: string;
  /** Puts other files in the place of all of them, by one rename, as a kubelet does. */
  replace(files: Files): Promise<void>;
  /** The same, but files with other names stay. */
  patch(files: Files): Promise<void>;
  remove(): Promise<void>;
}

const LINK = "..data";

/**
 * Lays files out as a kubelet does (its atomic writer): they are in a folder named for the time, `..data` is a link to it,
 * and each name is a link through that. A change writes a new folder, moves `..data` onto it by a rename, adjusts the
 * names and removes the old folder.
 * @param at where; absent: in a new folder for temporary files
 */
export async function mountFolder(files: Files, at?: string): Promise<MountedFolder> {
  const path = at ?? (await mkdtemp(join(tmpdir(), "weir-mounted-")));
  let version = 0;
  let current: Files = {};
  const replace = async (next: Files): Promise<void> => {
    const old = await readlink(join(path, LINK)).catch(() => undefined);
    version++;
    const folder = `..2026_11_23_12_00_${String(version).padStart(2, "0")}.123456789`;
    await mkdir(join(path, folder), { recursive: true });
    for (const [name, content] of Object.entries(next)) await writeFile(join(path, folder, name), content);
    await symlink(folder, join(path, `${LINK}_tmp`));
    await rename(join(path, `${LINK}_tmp`), join(path, LINK));
    await linkNames(path, Object.keys(current), Object.keys(next));
    if (old !== undefined) await rm(join(path, old), { recursive: true });
    current = next;
  };
  await replace(files);
  return {
    path,
    replace,
    patch: (some) => replace({ ...current, ...some }),
    remove: () => rm(path, { recursive: true }),
  };
}

async function linkNames(path: string, before: readonly string[], now: readonly string[]): Promise<void> {
  for (const name of now.filter((one) => !before.includes(one))) await symlink(join(LINK, name), join(path, name));
  for (const name of before.filter((one) => !now.includes(one))) await rm(join(path, name));
}
