/** Bits of a hash that choose a register: 4,096 of them, by which estimates are off by 1.6 % as a rule. */
const INDEX_BITS = 12;
const REGISTERS = 2 ** INDEX_BITS;

/** The constant of Flajolet's HyperLogLog for so many registers. */
const ALPHA = 0.7213 / (1 + 1.079 / REGISTERS);

/** How many slices of time are kept besides the one that goes on. */
const SLICES_KEPT = 12;

/** How long a slice of time is, milliseconds: with those kept, estimates are about the last 60 to 65 seconds. */
export const SLICE_MILLIS = 5_000;

/**
 * How many different keys there were in the last minute, estimated in 53 KB whatever their number: a HyperLogLog for
 * each slice of time (Flajolet, Fusy, Gandouet, Meunier 2007). Adding a key costs a hash of it.
 */
export class ActiveKeys {
  readonly #slices = Array.from({ length: SLICES_KEPT + 1 }, () => new Uint8Array(REGISTERS));
  #now = 0;
  #current = this.#slices[0] as Uint8Array;

  add(key: string): void {
    const hash = hash32(key);
    const index = hash >>> (32 - INDEX_BITS);
    // The bit that is set at the end bounds the rank where all others are 0.
    const rank = Math.clz32((hash << INDEX_BITS) | (1 << (INDEX_BITS - 1))) + 1;
    if (rank > (this.#current[index] as number)) this.#current[index] = rank;
  }

  /** Begins the next slice, and forgets the oldest; to be called every SLICE_MILLIS. */
  nextSlice(): void {
    this.#now = (this.#now + 1) % this.#slices.length;
    this.#current = this.#slices[this.#now] as Uint8Array;
    this.#current.fill(0);
  }

  /** How many different keys were added in the slices kept. */
  estimate(): number {
    let empty = 0;
    let sum = 0;
    for (let index = 0; index < REGISTERS; index++) {
      let rank = 0;
      for (const slice of this.#slices) rank = Math.max(rank, slice[index] as number);
      if (rank === 0) empty++;
      sum += 2 ** -rank;
    }
    const raw = (ALPHA * REGISTERS * REGISTERS) / sum;
    // Few keys leave registers empty, which tells more.
    const isFew = raw <= 2.5 * REGISTERS && empty > 0;
    return Math.round(isFew ? REGISTERS * Math.log(REGISTERS / empty) : raw);
  }
}

/** FNV-1a (Fowler, Noll, Vo), its bits mixed by the end of MurmurHash3 (Appleby): every bit depends on all. */
function hash32(key: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < key.length; at++) hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
