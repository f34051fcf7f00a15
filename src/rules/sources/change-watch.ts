import { basename, dirname, resolve } from "node:path";
import { takeFingerprint } from "./fingerprint.js";
import { FolderWatch } from "./folder-watch.js";

export interface ChangeWatchOptions {
  /** The rules' file or folder. */
  readonly path: string;
  /** How often to look without being told; 0: never, only events count. */
  readonly pollMillis: number;
  /** Called when what is there has changed and then has been left alone for a moment. */
  readonly onChange: () => void;
  /** A folder gives no events; changes in it are found by looking alone. */
  readonly onFault: (folder: string, error: Error) => void;
}

/** How long files must be left alone before they are read: whoever writes several, or one in parts, may go on. */
const SETTLE_MILLIS = 100;
/** Files that never rest are read all the same after so long. */
const LONGEST_UNREST_MILLIS = 1_000;
/** Looking takes at most 1/20 of the time, however many files and events there are and however slow the files. */
const REST_PER_LOOK = 20;
/** The link that Kubernetes moves when it replaces the files of a ConfigMap. */
const CONFIG_MAP_LINK = "..data";

/**
 * Finds out when the rules' files change: files written, added, removed or renamed, folders and links replaced.
 *
 * Events of the file system are only a hint to look at once. What counts is the fingerprint, looked at now and then as
 * well, since events are lost on network file systems, some mounts of containers, and folders that are replaced.
 */
export class ChangeWatch {
  readonly #options: ChangeWatchOptions;
  readonly #path: string;
  readonly #folders: FolderWatch;
  /** The fingerprint that was last told of. */
  #told: string | undefined;
  /** Another one that is still to settle. */
  #unrest: { readonly text: string; readonly sinceMillis: number } | undefined;
  #looking = false;
  #heardWhileLooking = false;
  /** Before that no event leads to another look. */
  #restsUntilMillis = 0;
  #closed = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: ChangeWatchOptions) {
    this.#options = options;
    this.#path = resolve(options.path);
    const { onFault } = options;
    this.#folders = new FolderWatch({ onEvent: (folder, name) => this.#hear(folder, name), onFault });
  }

  /** Takes what is there now as known, and tells of each change from now on. */
  async start(): Promise<void> {
    const { text, folders } = await takeFingerprint(this.#path);
    if (this.#closed) return;
    this.#told = text;
    this.#folders.watchOnly(folders);
    // Between the look and the watch something may have happened of which no event told.
    this.#lookIn(SETTLE_MILLIS);
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#folders.close();
  }

  #hear(folder: string, name: string | null): void {
    if (!this.#mayMatter(folder, name)) return;
    if (this.#looking) this.#heardWhileLooking = true;
    else if (this.#unrest === undefined) this.#lookIn(Math.max(0, this.#restsUntilMillis - performance.now()));
  }

  /** Leaves out names that are no rules for certain, so that busy neighbours do not keep us looking. */
  #mayMatter(folder: string, name: string | null): boolean {
    if (name === null || name === CONFIG_MAP_LINK) return true;
    if (folder === dirname(this.#path)) return name === basename(this.#path);
    return !name.startsWith(".") && !name.endsWith("~");
  }

  #lookIn(millis: number): void {
    if (this.#closed) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#look(), millis);
    this.#timer.unref();
  }

  async #look(): Promise<void> {
    const startedMillis = performance.now();
    this.#looking = true;
    this.#heardWhileLooking = false;
    const { text, folders } = await takeFingerprint(this.#path);
    this.#looking = false;
    if (this.#closed) return;
    this.#folders.watchOnly(folders);
    this.#judge(text);
    this.#planNextLook((performance.now() - startedMillis) * REST_PER_LOOK);
  }

  #planNextLook(restMillis: number): void {
    const { pollMillis } = this.#options;
    this.#restsUntilMillis = performance.now() + restMillis;
    if (this.#unrest !== undefined) this.#lookIn(SETTLE_MILLIS);
    else if (this.#heardWhileLooking) this.#lookIn(restMillis);
    else if (pollMillis > 0) this.#lookIn(Math.max(pollMillis, restMillis));
  }

  #judge(text: string): void {
    const now = performance.now();
    const { sinceMillis = now } = this.#unrest ?? {};
    if (text === this.#told) {
      this.#unrest = undefined;
    } else if (text === this.#unrest?.text || now - sinceMillis > LONGEST_UNREST_MILLIS) {
      this.#unrest = undefined;
      this.#told = text;
      this.#options.onChange();
    } else {
      this.#unrest = { text, sinceMillis };
    }
  }
}
