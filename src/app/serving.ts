import type { Readiness } from "../http/operator-routes.js";

/** Something that must be true once before traffic may come. What becomes of it afterwards does not matter. */
export interface Condition {
  isMet(): boolean;
  /** Why it is not met yet, in words for an operator. */
  whyNot(): string;
}

/** What the way to readiness needs, and who hears of it. */
export interface ServingSteps {
  /** Hears whether traffic may come, whenever that changes. */
  readonly onChange: (isServing: boolean) => void;
  /** Hears after a while, and now and then, why it may not come yet. */
  readonly onWaiting?: (reasons: readonly string[]) => void;
  /** What is to be done once all conditions are met, before traffic may come; never rejects. */
  readonly warmUp?: () => Promise<void>;
}

/** How often what is not there yet is looked for. */
const READY_CHECK_MILLIS = 20;

/** A store that is on its way is not worth a word; one that does not come is, and again. */
const FIRST_WORD_MILLIS = 2_000;
const NEXT_WORD_MILLIS = 30_000;

/**
 * Whether traffic should come here: once every condition has been met and the code is warm, until the end. A store that
 * goes away later does not change that: all replicas share it, so all would vanish at once, while what D13 answers is
 * better than nothing.
 */
export class Serving {
  #pending: readonly Condition[];
  #warm = false;
  #stopping = false;
  #steps: ServingSteps = { onChange: () => {} };
  #tellWaitingAt = Number.POSITIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;

  /** @param conditions reasons are given in this order */
  constructor(conditions: readonly Condition[]) {
    this.#pending = conditions;
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
    const reasons = this.#stopping ? ["stopping"] : [];
    reasons.push(...this.#stillPending().map((condition) => condition.whyNot()));
    if (reasons.length === 0 && !this.#warm) reasons.push("warming up");
    return { ready: reasons.length === 0, reasons };
  }

  /** Conditions that have not been met yet; the others are forgotten. */
  #stillPending(): readonly Condition[] {
    this.#pending = this.#pending.filter((condition) => !condition.isMet());
    return this.#pending;
  }

  #look(): void {
    const { warmUp } = this.#steps;
    if (this.#stillPending().length > 0) {
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
