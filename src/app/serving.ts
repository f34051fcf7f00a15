import type { Readiness } from "../http/operator-routes.js";
import type { Store } from "../stores/store.js";

/** What has to be there before traffic may come. */
export type Reachable = Pick<Store, "kind" | "isReady" | "whyNotReady">;

/** What the way to readiness needs, and who hears of it. */
export interface ServingSteps {
  /** Hears whether traffic may come, whenever that changes. */
  readonly onChange: (isServing: boolean) => void;
  /** Hears after a while, and now and then, why it may not come yet. */
  readonly onWaiting?: (reasons: readonly string[]) => void;
  /** What is to be done once store and rules are there, before traffic may come; never rejects. */
  readonly warmUp?: () => Promise<void>;
}

/** How often what is not there yet is looked for. */
const READY_CHECK_MILLIS = 20;

/** A store that is on its way is not worth a word; one that does not come is, and again. */
const FIRST_WORD_MILLIS = 2_000;
const NEXT_WORD_MILLIS = 30_000;

/**
 * Whether traffic should come here: once the store has been reached, there are rules and the code is warm, until the end.
 * A store that goes away later does not change that: all replicas share it, so all would vanish at once, while what D13
 * answers is better than nothing.
 */
export class Serving {
  readonly #store: Reachable;
  readonly #hasRules: () => boolean;
  #storeReached = false;
  #warm = false;
  #stopping = false;
  #steps: ServingSteps = { onChange: () => {} };
  #tellWaitingAt = Number.POSITIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param isStoreNeeded false: ready before the store was reached, too
   * @param hasRules whether rules are there, or not needed; once they are they stay
   */
  constructor(store: Reachable, isStoreNeeded: boolean, hasRules = (): boolean => true) {
    this.#store = store;
    this.#hasRules = hasRules;
    this.#storeReached = !isStoreNeeded;
  }

  /** From now on what is not there yet is looked for. */
  begin(steps: ServingSteps): void {
    this.#steps = steps;
    this.#tellWaitingAt = performance.now() + FIRST_WORD_MILLIS;
    this.#look();
  }

  end(): void {
    this.#stopping = true;
    clearTimeout(this.#timer);
    this.#steps.onChange(false);
  }

  readiness(): Readiness {
    const reasons: string[] = [];
    if (this.#stopping) reasons.push("stopping");
    if (!this.#storeReached && !this.#store.isReady()) reasons.push(this.#whyNotReached());
    if (!this.#hasRules()) reasons.push("no rules have come from the control plane yet");
    if (reasons.length === 0 && !this.#warm) reasons.push("warming up");
    return { ready: reasons.length === 0, reasons };
  }

  #whyNotReached(): string {
    const why = this.#store.whyNotReady?.();
    return `the ${this.#store.kind} store has not been reached yet${why === undefined ? "" : `: ${why}`}`;
  }

  #look(): void {
    const { warmUp } = this.#steps;
    this.#storeReached ||= this.#store.isReady();
    if (!this.#storeReached || !this.#hasRules()) {
      this.#tellWaiting();
      this.#timer = setTimeout(() => this.#look(), READY_CHECK_MILLIS);
    } else if (warmUp === undefined) this.#warmedUp();
    else void warmUp().then(() => this.#warmedUp());
  }

  #tellWaiting(): void {
    if (performance.now() < this.#tellWaitingAt) return;
    this.#tellWaitingAt = performance.now() + NEXT_WORD_MILLIS;
    this.#steps.onWaiting?.(this.readiness().reasons);
  }

  #warmedUp(): void {
    this.#warm = true;
    if (!this.#stopping) this.#steps.onChange(true);
  }
}
