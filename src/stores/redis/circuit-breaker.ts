/** Calls that fail in a row before no more are made. */
const FAILURES_TO_OPEN = 5;

/** How often a probe is made while the breaker is open: up to a half less, so that replicas do not come all at once. */
const PROBE_EVERY_MILLIS = 100;

/**
 * Keeps decisions from a Redis that does not answer: after some failures in a row each fails at once, and probes find out
 * when Redis is back. Closed at first.
 */
export class CircuitBreaker {
  readonly #probe: () => Promise<boolean>;
  readonly #onOpen: () => void;
  #failures = 0;
  #reason: string | undefined;
  #opened = 0;
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param probe asks Redis for a decision that matters to nobody; true when that went well and in time. Never rejects.
   * @param onOpen told when the breaker opens
   */
  constructor(probe: () => Promise<boolean>, onOpen: () => void) {
    this.#probe = probe;
    this.#onOpen = onOpen;
  }

  /** Why no calls are made, in the words of the failure that opened the breaker; undefined while it is closed. */
  get reason(): string | undefined {
    return this.#reason;
  }

  /** How often it has opened. */
  get opened(): number {
    return this.#opened;
  }

  callSucceeded(): void {
    this.#failures = 0;
  }

  callFailed(reason: string): void {
    this.#failures += 1;
    if (this.#failures >= FAILURES_TO_OPEN) this.open(reason);
  }

  open(reason: string): void {
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    this.#opened += 1;
    this.#probeSoon();
    this.#onOpen();
  }

  /** Ends the probes; the breaker stays as it is. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #probeSoon(): void {
    this.#timer = setTimeout(() => void this.#look(), PROBE_EVERY_MILLIS * (0.5 + Math.random() / 2));
  }

  async #look(): Promise<void> {
    const timer = this.#timer;
    const isBack = await this.#probe();
    // Stopped meanwhile.
    if (this.#timer !== timer) return;
    if (isBack) {
      this.#failures = 0;
      this.#reason = undefined;
    } else {
      this.#probeSoon();
    }
  }
}
