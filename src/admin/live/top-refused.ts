import type { DescriptorPlan } from "../../engine/plan.js";
import type { Entry } from "../../rules/rule.js";

/** Descriptors that are counted apart, at most. */
const MOST = 128;

/** Half of the time that is looked at. */
const HALF_WINDOW_MILLIS = 5_000;

/** A descriptor that was refused. */
export interface Refused {
  readonly domain: string;
  /** Of the refusal that was seen first, where a rule lets several share a bucket. */
  readonly entries: readonly Entry[];
  /** The rule's label. */
  readonly label: string;
  /** Refusals, at most. */
  readonly count: number;
  /** By how many that may be too much. */
  readonly error: number;
}

type Counter = { -readonly [Field in keyof Refused]: Refused[Field] } & { readonly key: string };

/**
 * The descriptors that are refused most: "Space-Saving" of Metwally, Agrawal and El Abbadi (2005), over the last half
 * window and what has passed of the present one. However many different ones are refused, so many counters do, and those
 * that get more than a share of 1/128 of all refusals are among them.
 */
export class TopRefused {
  #present = new Sketch();
  #past = new Sketch();
  #presentSinceMillis: number;
  /** How long the past half was, or as much of it as there was. */
  #pastMillis = 0;

  constructor(nowMillis = performance.now()) {
    this.#presentSinceMillis = nowMillis;
  }

  /** Counts a refusal. */
  add(domain: string, entries: readonly Entry[], plan: DescriptorPlan, nowMillis = performance.now()): void {
    this.#turn(nowMillis);
    // Whoever shares its bucket is refused with it.
    const key = plan.limits[0]?.charge.key;
    if (key !== undefined) this.#present.add(key, domain, entries, plan.label);
  }

  /** Those refused most, most first, and how long was looked at. */
  top(most: number, nowMillis = performance.now()): { readonly seconds: number; readonly refused: readonly Refused[] } {
    this.#turn(nowMillis);
    const both = new Map<string, Refused>();
    for (const sketch of [this.#past, this.#present]) {
      for (const counter of sketch.counters) {
        const known = both.get(counter.key);
        const count = counter.count + (known?.count ?? 0);
        both.set(counter.key, { ...counter, count, error: counter.error + (known?.error ?? 0) });
      }
    }
    const refused = [...both.values()].sort((a, b) => b.count - a.count || a.error - b.error).slice(0, most);
    return { seconds: Math.max(1, nowMillis - this.#presentSinceMillis + this.#pastMillis) / 1_000, refused };
  }

  #turn(nowMillis: number): void {
    const elapsed = nowMillis - this.#presentSinceMillis;
    if (elapsed < HALF_WINDOW_MILLIS) return;
    const isFollowed = elapsed < 2 * HALF_WINDOW_MILLIS;
    this.#past = isFollowed ? this.#present : new Sketch();
    this.#pastMillis = HALF_WINDOW_MILLIS;
    this.#present = new Sketch();
    this.#presentSinceMillis = isFollowed
      ? this.#presentSinceMillis + HALF_WINDOW_MILLIS
      : nowMillis - (elapsed % HALF_WINDOW_MILLIS);
  }
}

class Sketch {
  readonly #byKey = new Map<string, Counter>();
  /** No counter has less: counts only grow. */
  #leastCount = 1;

  get counters(): Iterable<Counter> {
    return this.#byKey.values();
  }

  add(key: string, domain: string, entries: readonly Entry[], label: string): void {
    const known = this.#byKey.get(key);
    if (known !== undefined) {
      known.count += 1;
      return;
    }
    let error = 0;
    if (this.#byKey.size >= MOST) {
      const least = this.#least();
      this.#byKey.delete(least.key);
      error = least.count;
    }
    this.#byKey.set(key, { key, domain, entries, label, count: error + 1, error });
  }

  /** A look at all of them at most: they are few. */
  #least(): Counter {
    let least: Counter | undefined;
    for (const counter of this.#byKey.values()) {
      if (counter.count <= this.#leastCount) return counter;
      if (least === undefined || counter.count < least.count) least = counter;
    }
    const found = least as Counter;
    this.#leastCount = found.count;
    return found;
  }
}
