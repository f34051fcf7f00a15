/** An allowance that is used up by the piece and comes back with time, or with work done. */
export class Budget {
  readonly #burst: number;
  readonly #perMilli: number;
  #left: number;
  #atMillis: number;

  /** @param nowMillis the time on the clock that `spend` will be given */
  constructor(burst: number, perSecond: number, nowMillis: number) {
    this.#burst = burst;
    this.#perMilli = perSecond / 1_000;
    this.#left = burst;
    this.#atMillis = nowMillis;
  }

  /** @returns false when the allowance is used up */
  spend(pieces: number, nowMillis: number): boolean {
    if (nowMillis > this.#atMillis) {
      this.#left = Math.min(this.#burst, this.#left + (nowMillis - this.#atMillis) * this.#perMilli);
      this.#atMillis = nowMillis;
    }
    this.#left -= pieces;
    return this.#left >= 0;
  }

  earn(pieces: number): void {
    this.#left = Math.min(this.#burst, this.#left + pieces);
  }
}
