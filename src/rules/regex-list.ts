import type { MatchMemory } from "./match-memory.js";
import { matchRegex } from "./regex.js";
import type { TextMatcher } from "./wildcard.js";

/** The regular expressions of one key at one place of the rules, in file order. */
export class RegexList<T> {
  readonly #id: number;
  readonly #memory: MatchMemory;
  readonly #matchers: TextMatcher[] = [];
  readonly #values: T[] = [];

  /** @param id tells this list from all others that share the memory */
  constructor(id: number, memory: MatchMemory) {
    this.#id = id;
    this.#memory = memory;
  }

  /** Adds an expression behind all others, before the first text is held against them. */
  add(pattern: string, value: T): void {
    this.#matchers.push(matchRegex(pattern));
    this.#values.push(value);
  }

  /** What the first expression has that matches the text. */
  find(text: string): T | undefined {
    return this.#values[this.#memory.recall(this.#id, text, this.#findIndex)];
  }

  /** -1 where none matches. */
  readonly #findIndex = (text: string): number => this.#matchers.findIndex((matches) => matches(text));
}
