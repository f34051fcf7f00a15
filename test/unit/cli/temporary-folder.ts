import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach } from "vitest";

/** A folder for the files of one test, removed after it. */
export class TemporaryFolder {
  #path: string | undefined;

  constructor() {
    afterEach(() => {
      if (this.#path !== undefined) rmSync(this.#path, { recursive: true });
      this.#path = undefined;
    });
  }

  get path(): string {
    this.#path ??= mkdtempSync(join(tmpdir(), "weir-cli-"));
    return this.#path;
  }

  /** Writes a file and gives its path. */
  write(name: string, text: string): string {
    const path = join(this.path, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    return path;
  }
}
