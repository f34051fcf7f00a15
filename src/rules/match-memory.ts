/** Bounds of what is remembered, for all rules together. */
export interface MatchMemoryBounds {
  readonly entries: number;
  /** UTF-16 units of the remembered texts. */
  readonly characters: number;
  /** A longer text is not remembered. */
  readonly longest: number;
}

/** At most about 15 MB with what the maps cost. */
const BOUNDS: MatchMemoryBounds = { entries: 40_000, characters: 4_000_000, longest: 1_000 };

/**
 * Remembers what texts met, since to match a regular expression costs more than all else. Bounded whatever clients
 * send: there are two generations, and when the new one is half of what is allowed, it becomes the old one and what
 * was not asked for since goes.
 */
export class MatchMemory {
  readonly #bounds: MatchMemoryBounds;
  #new = new Map<string, number>();
  #old = new Map<string, number>();
  #characters = 0;

  constructor(bounds: MatchMemoryBounds = BOUNDS) {
    this.#bounds = bounds;
  }

  /** How many texts are remembered; one that stands in both generations counts twice. */
  get size(): number {
    return this.#new.size + this.#old.size;
  }

  /**
   * The number that was found for a text before, or what `find` gives now.
   * @param list which list of expressions the text is held against
   */
  recall(list: number, text: string, find: (text: string) => number): number {
    if (text.length > this.#bounds.longest) return find(text);
    const key = `${list} ${text}`;
    const known = this.#new.get(key);
    if (known !== undefined) return known;
    const found = this.#old.get(key) ?? find(text);
    this.#remember(key, found);
    return found;
  }

  #remember(key: string, found: number): void {
    const { entries, characters } = this.#bounds;
    if (this.#new.size >= entries / 2 || this.#characters + key.length > characters / 2) {
      this.#old = this.#new;
      this.#new = new Map();
      this.#characters = 0;
    }
    this.#new.set(key, found);
    this.#characters += key.length;
  }
}
