/** Writes a line; `leftOut` is how many more there were like it since the last. */
export type WriteLine = (leftOut: number) => void;

/** Calls back once after so many milliseconds. */
export type Schedule = (callback: () => void, millis: number) => void;

/** Lines of one kind since the last that was written. */
interface Window {
  leftOut: number;
  latest: WriteLine | undefined;
}

/** More kinds at a time than this are taken for one, so that words that differ each time cannot flood the log. */
const MAX_KINDS = 32;
const OTHER_KINDS = "other";

/** A timer that does not keep the process alive. */
function scheduleUnreferenced(callback: () => void, millis: number): void {
  setTimeout(callback, millis).unref();
}

/**
 * Writes at most one line of a kind in each interval: the first at once, and at the interval's end the latest of those
 * left out with how many they were. So a flood is seen when it starts, and counted to its end.
 */
export class SampledLog {
  readonly #intervalMillis: number;
  readonly #schedule: Schedule;
  readonly #maxKinds: number;
  readonly #windows = new Map<string, Window>();

  constructor(intervalMillis: number, schedule: Schedule = scheduleUnreferenced, maxKinds = MAX_KINDS) {
    this.#intervalMillis = intervalMillis;
    this.#schedule = schedule;
    this.#maxKinds = maxKinds;
  }

  /** Has a line written, now or when the interval ends; of those that wait, the latest is written. */
  write(kind: string, line: WriteLine): void {
    const bounded = this.#windows.has(kind) || this.#windows.size < this.#maxKinds ? kind : OTHER_KINDS;
    const window = this.#windows.get(bounded);
    if (window === undefined) {
      this.#windows.set(bounded, { leftOut: 0, latest: undefined });
      this.#endLater(bounded);
      line(0);
      return;
    }
    if (window.latest !== undefined) window.leftOut++;
    window.latest = line;
  }

  /** Writes what still waits. */
  flush(): void {
    for (const window of this.#windows.values()) writeLatest(window);
  }

  #endLater(kind: string): void {
    this.#schedule(() => {
      const window = this.#windows.get(kind);
      if (window === undefined) return;
      if (writeLatest(window)) this.#endLater(kind);
      else this.#windows.delete(kind);
    }, this.#intervalMillis);
  }
}

/** Writes the line that waits, if there is one. */
function writeLatest(window: Window): boolean {
  const { latest, leftOut } = window;
  if (latest === undefined) return false;
  window.latest = undefined;
  window.leftOut = 0;
  latest(leftOut);
  return true;
}
