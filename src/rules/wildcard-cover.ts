import type { StepPattern } from "./step-kind.js";
import { matchWildcard } from "./wildcard.js";

/** At most so many patterns are compared with one; beyond them a cover may go unnoticed. */
const MOST_COMPARED = 200;

/** Stands for whatever a `*` may be in the place of a text; it must not be in a pattern itself. */
const ANYTHING = "\u{ffff}";

/** Whether a pattern with a `*` in it matches all that another one, or a plain text, matches. */
export function coversPattern(wider: string, narrower: string): boolean {
  if (wider.includes(ANYTHING)) return false;
  return matchWildcard(wider)(narrower.replaceAll("*", ANYTHING));
}

/** Patterns that may begin a text, found by the beginnings of that text. */
class PrefixIndex<T> {
  readonly #byPrefix = new Map<string, T[]>();
  readonly #lengths = new Set<number>();

  add(prefix: string, item: T): void {
    const known = this.#byPrefix.get(prefix);
    if (known !== undefined) known.push(item);
    else this.#byPrefix.set(prefix, [item]);
    this.#lengths.add(prefix.length);
  }

  /** What was added under beginnings of the text. */
  *under(text: string): Generator<T, void, undefined> {
    for (const length of this.#lengths) {
      if (length <= text.length) yield* this.#byPrefix.get(text.slice(0, length)) ?? [];
    }
  }
}

/** The wildcards of one place in the rules so far, to find one that leaves nothing to another descriptor. */
export class WildcardCover<T> {
  /** Key wildcards by what they begin with. */
  readonly #keys = new PrefixIndex<T>();
  /** Value wildcards by key. */
  readonly #values = new Map<string, PrefixIndex<{ pattern: string; item: T }>>();

  addKeyWildcard({ key }: StepPattern, item: T): void {
    this.#keys.add(key.slice(0, -1), item);
  }

  addValueWildcard({ key, value = "" }: StepPattern, item: T): void {
    const index = this.#values.get(key) ?? new PrefixIndex();
    this.#values.set(key, index);
    index.add(beginningOf(value), { pattern: value, item });
  }

  /** A wildcard that meets all keys that this one meets, whatever their values. */
  findForKey(key: string): T | undefined {
    return this.#keys.under(key).next().value ?? undefined;
  }

  /** A wildcard that meets, for this key, all values that the pattern meets. */
  findForValue(key: string, pattern: string): T | undefined {
    let compared = 0;
    for (const other of this.#values.get(key)?.under(beginningOf(pattern)) ?? []) {
      if (coversPattern(other.pattern, pattern)) return other.item;
      compared += 1;
      if (compared === MOST_COMPARED) return undefined;
    }
    return undefined;
  }
}

function beginningOf(pattern: string): string {
  return pattern.slice(0, pattern.indexOf("*"));
}
