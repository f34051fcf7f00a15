/**
 * A map that forgets: entries are added to the younger of two generations, and when that is full the older one goes as
 * a whole. Each call does a bounded amount of work, and what is used often stays.
 */
export class TwoGenerations<Value> {
  readonly #mostEach: number;
  #younger = new Map<string, Value>();
  #older = new Map<string, Value>();

  /** @param most how many entries are kept in all; at least one in each generation */
  constructor(most: number) {
    this.#mostEach = Math.max(1, Math.floor(most / 2));
  }

  get size(): number {
    return this.#younger.size + this.#older.size;
  }

  get(key: string): Value | undefined {
    const young = this.#younger.get(key);
    if (young !== undefined) return young;
    const old = this.#older.get(key);
    if (old !== undefined) this.set(key, old);
    return old;
  }

  set(key: string, value: Value): void {
    this.#older.delete(key);
    if (this.#younger.size >= this.#mostEach && !this.#younger.has(key)) this.turn();
    this.#younger.set(key, value);
  }

  delete(key: string): void {
    if (!this.#younger.delete(key)) this.#older.delete(key);
  }

  /** Lets the older generation go: what is not used until the next turn follows it. */
  turn(): void {
    this.#older = this.#younger;
    this.#younger = new Map();
  }
}
