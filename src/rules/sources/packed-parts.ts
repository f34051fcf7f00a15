/**
 * Bytes one behind the other, in memory that threads share: to hand it over costs nothing, and a thread that ends takes
 * nothing with it. It is written once, and then only read.
 */
export interface PackedParts {
  readonly bytes: Uint8Array<SharedArrayBuffer>;
  /** Where each begins, and at last where they end. */
  readonly offsets: readonly number[];
}

/** Room for all of them, which are not copied there yet. */
export function roomFor(parts: readonly Uint8Array[]): PackedParts {
  const offsets = [0];
  let end = 0;
  for (const { length } of parts) {
    end += length;
    offsets.push(end);
  }
  return { bytes: new Uint8Array(new SharedArrayBuffer(end)), offsets };
}

/** Each a copy of its own: not all that reads bytes takes shared memory. */
export function unpackParts({ bytes, offsets }: PackedParts): Uint8Array[] {
  return offsets.slice(1).map((end, index) => new Uint8Array(bytes.subarray(offsets[index], end)));
}
