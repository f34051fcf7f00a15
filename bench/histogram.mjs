const BIN_MICROS = 10;
const BINS = 100_000;

/** Counts durations in bins of 10 microseconds, up to one second; what is longer counts as one second. */
export class Histogram {
  #bins = new Uint32Array(BINS + 1);
  #count = 0;

  /** @param {number} milliseconds */
  record(milliseconds) {
    const bin = Math.min(BINS, Math.max(0, Math.floor((milliseconds * 1000) / BIN_MICROS)));
    this.#bins[bin] = (this.#bins[bin] ?? 0) + 1;
    this.#count++;
  }

  /**
   * The duration in milliseconds that this share of all is not above: the upper end of its bin.
   * @param {number} share from 0 to 1
   */
  quantile(share) {
    let left = Math.ceil(this.#count * share);
    for (const [bin, count] of this.#bins.entries()) {
      left -= count;
      if (left <= 0) return ((bin + 1) * BIN_MICROS) / 1000;
    }
    return 0;
  }

  /**
   * The share of all, from 0 to 1, that took so long or longer.
   * @param {number} milliseconds a multiple of 0.01
   */
  shareFrom(milliseconds) {
    if (this.#count === 0) return 0;
    const from = Math.round((milliseconds * 1000) / BIN_MICROS);
    return this.#bins.subarray(from).reduce((sum, count) => sum + count, 0) / this.#count;
  }
}
