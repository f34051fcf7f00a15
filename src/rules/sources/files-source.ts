import type { ReloadResult } from "../reload/reload-result.js";
import { ChangeWatch } from "./change-watch.js";
import type { RulesInput } from "./rules-input.js";
import type { RulesSource } from "./rules-source.js";

export interface FilesSourceOptions {
  /** A file or a folder. */
  readonly path: string;
  /** How often to look for changes besides being told by the file system; 0: never. */
  readonly pollMillis: number;
  /** A folder gives no events: changes are found only by looking, or when we are told to reload. */
  readonly onNotWatched: (folder: string, error: Error) => void;
}

/** Rules in files, which are read again when they change. */
export class FilesSource implements RulesSource {
  readonly #options: FilesSourceOptions;
  #watch: ChangeWatch | undefined;

  constructor(options: FilesSourceOptions) {
    this.#options = options;
  }

  async follow(reload: () => Promise<ReloadResult>): Promise<void> {
    const { path, pollMillis, onNotWatched } = this.#options;
    this.#watch = new ChangeWatch({ path, pollMillis, onChange: () => void reload(), onFault: onNotWatched });
    await this.#watch.start();
  }

  input(): RulesInput {
    return { kind: "files", path: this.#options.path };
  }

  close(): void {
    this.#watch?.close();
  }
}
