/** Calls that fail in a row before no more are made. */
const FAILURES_TO_OPEN = 5;

/**
 * When probes are made while the breaker is open: the first soon, since Redis may have stood still for a moment only, the
 * others each twice as late as the one before, up to the most. Up to a half less, so that replicas do not come all at once.
 */
const FIRST_PROBE_MILLIS = 5;
const MOST_PROBE_MILLIS = 100;

/** Closed for so long, it opens for a new reason; before that, Redis is not well yet and is asked as rarely as before. */
const STEADY_MILLIS = 1_000;

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
  #probeMillis = FIRST_PROBE_MILLIS;
  #closedAt = Number.NEGATIVE_INFINITY;

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
    if (performance.now() - this.#closedAt >= STEADY_MILLIS) this.#probeMillis = FIRST_PROBE_MILLIS;
    this.#probeSoon();
    this.#onOpen();
  }

  /** Ends the probes; the breaker stays as it is. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #probeSoon(): void {
    this.#timer = setTimeout(() => void this.#look(), this.#probeMillis * (0.5 + Math.random() / 2));
    this.#probeMillis = Math.min(2 * this.#probeMillis, MOST_PROBE_MILLIS);
  }

  async #look(): Promise<void> {
    const timer = this.#timer;
    const isBack = await this.#probe();
    // Stopped meanwhile.
    if (this.#timer !== timer) return;
    if (isBack) {
      this.#failures = 0;
      this.#reason = undefined;
      this.#closedAt = performance.now();
    } else {
      this.#probeSoon();
    }
  }
}
