/** Blocks remembered a connection: a proxy sends the same few, one for each method that it calls. */
const SLOTS = 8;

/** Longer blocks are not remembered: they do not come from a peer that indexes what it repeats. */
const MAX_BLOCK_BYTES = 256;

interface Slot<Value> {
  readonly bytes: Buffer;
  readonly generation: number;
  readonly value: Value;
}

/**
 * What whole header blocks were found to mean, so that a block that comes again byte for byte is not decoded again. Good
 * for one generation of the decoder's table, and only for blocks that change no table.
 */
export class BlockCache<Value> {
  readonly #slots: Slot<Value>[] = [];
  #next = 0;

  find(bytes: Uint8Array, start: number, end: number, generation: number): Value | undefined {
    for (const slot of this.#slots) {
      if (slot.generation === generation && isEqual(slot.bytes, bytes, start, end)) return slot.value;
    }
    return undefined;
  }

  add(bytes: Buffer, start: number, end: number, generation: number, value: Value): void {
    if (end - start > MAX_BLOCK_BYTES) return;
    // Buffer.from copies: the block's own memory is a whole chunk of the socket.
    this.#slots[this.#next] = { bytes: Buffer.from(bytes.subarray(start, end)), generation, value };
    this.#next = (this.#next + 1) % SLOTS;
  }
}

function isEqual(known: Buffer, bytes: Uint8Array, start: number, end: number): boolean {
  if (known.length !== end - start) return false;
  for (let at = 0; at < known.length; at++) {
    if (known[at] !== bytes[start + at]) return false;
  }
  return true;
}
