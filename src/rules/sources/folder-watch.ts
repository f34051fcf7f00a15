import { type FSWatcher, watch } from "node:fs";

/** What a folder watch tells. */
export interface FolderWatchListener {
  /** Something with this name happened in a folder; null where the system does not say. */
  readonly onEvent: (folder: string, name: string | null) => void;
  /** A folder cannot be watched. */
  readonly onFault: (folder: string, error: Error) => void;
}

interface Watched {
  readonly identity: string;
  readonly watcher: FSWatcher | undefined;
}

/**
 * Watches folders for events, each without those in it. The system's events come at once where they come, but not on
 * every file system and not when a limit of the kernel is reached: whoever uses this looks for himself now and then.
 */
export class FolderWatch {
  readonly #listener: FolderWatchListener;
  readonly #watched = new Map<string, Watched>();

  constructor(listener: FolderWatchListener) {
    this.#listener = listener;
  }

  /** Watches these folders and no others; one whose identity has changed is another folder now. */
  watchOnly(folders: ReadonlyMap<string, string>): void {
    for (const [folder, { watcher }] of this.#watched) {
      if (folders.has(folder)) continue;
      watcher?.close();
      this.#watched.delete(folder);
    }
    for (const [folder, identity] of folders) {
      const before = this.#watched.get(folder);
      if (before?.identity === identity) continue;
      before?.watcher?.close();
      this.#watched.set(folder, { identity, watcher: this.#watch(folder) });
    }
  }

  close(): void {
    this.watchOnly(new Map());
  }

  #watch(folder: string): FSWatcher | undefined {
    try {
      const watcher = watch(folder, { persistent: false }, (_event, name) => this.#listener.onEvent(folder, name));
      watcher.on("error", (error) => {
        watcher.close();
        this.#listener.onFault(folder, error);
      });
      return watcher;
    } catch (error) {
      this.#listener.onFault(folder, error as Error);
      return undefined;
    }
  }
}
