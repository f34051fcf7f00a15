import { setTimeout as pause } from "node:timers/promises";
import type { Controls } from "../../engine/controls.js";
import { type Digest, OverrideIndex } from "../../engine/override-index.js";
import type { SharedText, SharedTextState } from "../../stores/shared-text.js";
import { StoreFailure } from "../../stores/store.js";
import {
  type ControlDocument,
  lastEndMillis,
  NOTHING_DECIDED,
  nextEndMillis,
  readDocument,
  withoutEnded,
  writeDocument,
} from "./control-document.js";

export interface LiveControlsOptions {
  readonly text: SharedText;
  /** Where values of buckets are not to be seen. */
  readonly digest?: Digest | undefined;
  /** Told what an operator should look at; the same words once until all is well again. */
  readonly onWarning: (message: string) => void;
}

/** Makes the new document of the one in force at that moment. */
type Edit = (document: ControlDocument, nowMillis: number) => ControlDocument;

/** Three looks a second, so that what one replica is told is in force on all within one. */
const POLL_MILLIS = 300;

/** Replicas that change something at the same moment have to look again, each after a moment of its own. */
const MOST_PAUSE_MILLIS = 5;
/** To have to for so long is no accident. */
const MOST_TRYING_MILLIS = 2_000;

/** What is kept is kept a little longer than anybody needs it. */
const KEPT_LONGER_MILLIS = 60_000;

/** The most that a timer of Node can wait. */
const LONGEST_TIMER_MILLIS = 2 ** 31 - 1;

/** What operators have decided cannot be changed: others change it all the time, or it cannot be read. */
export class ControlsConflict extends Error {
  override readonly name = "ControlsConflict";
}

/**
 * What operators have decided, in force here: asked for again and again, since another replica may have been told. While
 * the store is away the last that was known stays, each until its end.
 */
export class LiveControls implements Controls {
  readonly #options: LiveControlsOptions;
  #document: ControlDocument = NOTHING_DECIDED;
  #overrides: OverrideIndex | undefined;
  /** Of the text that `#document` was made of. */
  #version = "0";
  /** The store's clock less our steady one, milliseconds; the wall clock's until the store was asked. */
  #offsetMillis = Date.now() - performance.now();
  #hasRead = false;
  #isClosed = false;
  #pollTimer: NodeJS.Timeout | undefined;
  #endTimer: NodeJS.Timeout | undefined;
  #polling: Promise<void> = Promise.resolve();
  #warned = "";
  /** The end of the change that came last: our own would only stand in each other's way. */
  #turn: Promise<void> = Promise.resolve();

  constructor(options: LiveControlsOptions) {
    this.#options = options;
  }

  get isPaused(): boolean {
    return this.#document.pause !== undefined;
  }

  get overrides(): OverrideIndex | undefined {
    return this.#overrides;
  }

  /** All that is in force. */
  get document(): ControlDocument {
    return this.#document;
  }

  /** Whether it is known what was decided before this process began, or that it cannot be known. */
  get hasRead(): boolean {
    return this.#hasRead;
  }

  /** Whom a change reaches: all replicas with this store, or this process alone. */
  get reach(): SharedText["reach"] {
    return this.#options.text.reach;
  }

  /** The store's clock, as far as is known. */
  nowMillis(): number {
    return performance.now() + this.#offsetMillis;
  }

  /** Follows what is decided from now on. */
  start(): void {
    this.#polling = this.#poll();
  }

  /** Follows it no longer. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#pollTimer);
    clearTimeout(this.#endTimer);
    await this.#polling;
  }

  /**
   * Changes what is decided, for all whom it reaches; it is in force here at once.
   * @param edit what it throws is thrown, and nothing changes
   * @throws StoreFailure or ControlsConflict
   */
  change(edit: Edit): Promise<void> {
    const changed = this.#turn.then(() => this.#changeNow(edit));
    this.#turn = changed.catch(() => {});
    return changed;
  }

  async #changeNow(edit: Edit): Promise<void> {
    this.#take(await this.#options.text.read(this.#version));
    const giveUpAt = performance.now() + MOST_TRYING_MILLIS;
    while (!(await this.#replace(edit))) {
      if (performance.now() >= giveUpAt) {
        throw new ControlsConflict("others change what operators decide all the time: try again");
      }
      await pause(Math.random() * MOST_PAUSE_MILLIS);
    }
  }

  /** @returns false where another replica was faster; what it has changed is known then */
  async #replace(edit: Edit): Promise<boolean> {
    const edited = edit(this.#document, this.nowMillis());
    const keptUntil = lastEndMillis(edited) + KEPT_LONGER_MILLIS;
    const answer = await this.#options.text.replace(this.#version, writeDocument(edited), keptUntil);
    if (!answer.replaced) {
      this.#take(answer);
      return false;
    }
    this.#learnTime(answer);
    this.#putInForce(edited, answer.version);
    return true;
  }

  async #poll(): Promise<void> {
    try {
      this.#take(await this.#options.text.read(this.#version));
      this.#warned = "";
    } catch (error) {
      // That the store is away is told by decisions; all else is something to look at.
      if (!(error instanceof StoreFailure && error.kind === "unavailable")) {
        this.#warn((error as Error).message);
        // Nobody is served better by a replica that waits for this to be mended.
        this.#hasRead = true;
      }
    }
    if (this.#isClosed) return;
    this.#pollTimer = setTimeout(() => {
      this.#polling = this.#poll();
    }, POLL_MILLIS);
  }

  /** @throws ControlsConflict when the text cannot be read; then what was known stays */
  #take(state: SharedTextState): void {
    this.#learnTime(state);
    if (state.text !== undefined && state.version !== this.#version) {
      this.#putInForce(readOrConflict(state.text), state.version);
    } else {
      this.#dropEnded();
    }
    this.#hasRead = true;
  }

  #learnTime({ nowMillis }: SharedTextState): void {
    this.#offsetMillis = nowMillis - performance.now();
  }

  #putInForce(document: ControlDocument, version: string): void {
    this.#version = version;
    this.#document = withoutEnded(document, this.nowMillis());
    const { overrides } = this.#document;
    this.#overrides = overrides.length === 0 ? undefined : new OverrideIndex(overrides, this.#options.digest);
    this.#watchEnd();
  }

  /** By our own clock, so that what has ended is gone without the store as well. */
  #dropEnded(): void {
    if (withoutEnded(this.#document, this.nowMillis()) !== this.#document) {
      this.#putInForce(this.#document, this.#version);
    }
  }

  #watchEnd(): void {
    clearTimeout(this.#endTimer);
    const left = nextEndMillis(this.#document) - this.nowMillis();
    if (this.#isClosed || left === Number.POSITIVE_INFINITY) return;
    const onEnd = (): void => {
      this.#dropEnded();
      this.#watchEnd();
    };
    this.#endTimer = setTimeout(onEnd, Math.min(Math.max(left, 1), LONGEST_TIMER_MILLIS));
  }

  #warn(message: string): void {
    if (message === this.#warned) return;
    this.#warned = message;
    this.#options.onWarning(`what operators decide is not known: ${message}`);
  }
}

function readOrConflict(text: string): ControlDocument {
  try {
    return readDocument(text);
  } catch (error) {
    throw new ControlsConflict("what operators have decided was written by another version of Weir", { cause: error });
  }
}
