/**
 * Memory for requests of which a part has come. Each message is bounded by itself; this bounds what one connection, and
 * all together, may leave half sent.
 */
export class BufferAllowance {
  readonly #maxEach: number;
  readonly #maxAll: number;
  readonly #byOwner = new WeakMap<object, number>();
  #all = 0;

  /** @param maxEach bytes a connection, @param maxAll bytes of all connections */
  constructor(maxEach: number, maxAll: number) {
    this.#maxEach = maxEach;
    this.#maxAll = maxAll;
  }

  /** @returns false where that would be too much; nothing is taken then */
  take(owner: object, bytes: number): boolean {
    const own = (this.#byOwner.get(owner) ?? 0) + bytes;
    if (own > this.#maxEach || this.#all + bytes > this.#maxAll) return false;
    this.#byOwner.set(owner, own);
    this.#all += bytes;
    return true;
  }

  giveBack(owner: object, bytes: number): void {
    this.#byOwner.set(owner, (this.#byOwner.get(owner) ?? 0) - bytes);
    this.#all -= bytes;
  }
}
