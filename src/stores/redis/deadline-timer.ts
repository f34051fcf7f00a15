/** The longest delay that timers of Node take. */
const MAX_DELAY_MILLIS = 2 ** 31 - 1;

/**
 * One timer for many deadlines, which are those of the steady clock, milliseconds. Most deadlines never matter since the
 * answer comes first: they cost a comparison.
 */
export class DeadlineTimer {
  readonly #onDue: (nowMillis: number) => number;
  #armedFor = Number.POSITIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;
  #immediate: NodeJS.Immediate | undefined;

  /** @param onDue deals with all that is due, and answers the earliest deadline that is left; Infinity: none */
  constructor(onDue: (nowMillis: number) => number) {
    this.#onDue = onDue;
  }

  watch(deadlineMillis: number): void {
    if (deadlineMillis >= this.#armedFor) return;
    this.#armedFor = deadlineMillis;
    clearTimeout(this.#timer);
    const delay = Math.min(Math.max(1, Math.ceil(deadlineMillis - performance.now())), MAX_DELAY_MILLIS);
    this.#timer = setTimeout(() => this.#ringSoon(), delay);
  }

  stop(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#immediate);
    this.#immediate = undefined;
    this.#armedFor = Number.POSITIVE_INFINITY;
  }

  /** First what has come from the network is read: where this process was held up, the answer may be among it. */
  #ringSoon(): void {
    this.#immediate ??= setImmediate(() => this.#ring());
  }

  #ring(): void {
    this.#immediate = undefined;
    this.#armedFor = Number.POSITIVE_INFINITY;
    const next = this.#onDue(performance.now());
    if (next !== Number.POSITIVE_INFINITY) this.watch(next);
  }
}
