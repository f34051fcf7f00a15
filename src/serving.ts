import type { Readiness } from "./http/operator-routes.js";
import type { Store } from "./stores/store.js";

/** What has to be there before traffic may come. */
export type Reachable = Pick<Store, "kind" | "isReady">;

/** How often a store that is not there yet is looked for. */
const READY_CHECK_MILLIS = 20;

/**
 * Whether traffic should come here: once the store has been reached, until the end. A store that goes away later does
 * not change that: all replicas share it, so all would vanish at once, while what D13 answers is better than nothing.
 */
export class Serving {
  readonly #store: Reachable;
  #storeReached = false;
  #stopping = false;
  #tell: (isServing: boolean) => void = () => {};
  #timer: NodeJS.Timeout | undefined;

  /** @param isStoreNeeded false: ready before the store was reached, too */
  constructor(store: Reachable, isStoreNeeded: boolean) {
    this.#store = store;
    this.#storeReached = !isStoreNeeded;
  }

  /** From now on `tell` hears when this changes. */
  begin(tell: (isServing: boolean) => void): void {
    this.#tell = tell;
    this.#lookForStore();
  }

  end(): void {
    this.#stopping = true;
    clearTimeout(this.#timer);
    this.#tell(false);
  }

  readiness(): Readiness {
    const reasons: string[] = [];
    if (this.#stopping) reasons.push("stopping");
    if (!this.#storeReached) reasons.push(`the ${this.#store.kind} store has not been reached yet`);
    return { ready: reasons.length === 0, reasons };
  }

  #lookForStore(): void {
    this.#storeReached ||= this.#store.isReady();
    if (this.#storeReached) this.#tell(true);
    else this.#timer = setTimeout(() => this.#lookForStore(), READY_CHECK_MILLIS);
  }
}
