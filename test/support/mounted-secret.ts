import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A folder of files that are all replaced at once, the way that Kubernetes mounts a Secret. */
export class MountedSecret {
  readonly path = mkdtempSync(join(tmpdir(), "weir-secret-"));
  readonly #files = new Map<string, Buffer>();
  #version = 0;

  /** Puts these files in, or in the place of those of their names; the others stay. */
  put(files: Readonly<Record<string, Buffer>>): void {
    for (const [name, content] of Object.entries(files)) this.#files.set(name, content);
    const version = `..v${++this.#version}`;
    mkdirSync(join(this.path, version));
    for (const [name, content] of this.#files) {
      writeFileSync(join(this.path, version, name), content);
      if (!existsSync(join(this.path, name))) symlinkSync(join("..data", name), join(this.path, name));
    }
    symlinkSync(version, join(this.path, "..data_new"));
    renameSync(join(this.path, "..data_new"), join(this.path, "..data"));
  }

  remove(): void {
    rmSync(this.path, { recursive: true });
  }
}
