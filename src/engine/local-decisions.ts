import type { BucketLimit } from "../limits/limit.js";
import { shareOfLimit } from "../limits/limit-share.js";
import type { Charge, Verdict } from "../stores/store.js";

/** Buckets of this process alone, which answer at once and never fail. */
export interface LocalStore {
  decide(charges: readonly Charge[]): Verdict;
}

/**
 * What decides under `local` while the store fails (D13): the same charges on buckets of this process, which start full
 * and never meet those of the store, by the share of each limit that this process takes on itself.
 */
export class LocalDecisions {
  readonly #store: LocalStore;
  readonly #share: number;
  /** One object for each limit of the rules, for as long as these are in force. */
  readonly #shares = new WeakMap<BucketLimit, BucketLimit>();

  constructor(store: LocalStore, share: number) {
    this.#store = store;
    this.#share = share;
  }

  decide(charges: readonly Charge[]): Verdict {
    if (this.#share === 1) return this.#store.decide(charges);
    return this.#store.decide(charges.map((charge) => ({ ...charge, limit: this.#shareOf(charge.limit) })));
  }

  #shareOf(limit: BucketLimit): BucketLimit {
    const known = this.#shares.get(limit);
    if (known !== undefined) return known;
    const share = shareOfLimit(limit, this.#share);
    this.#shares.set(limit, share);
    return share;
  }
}
