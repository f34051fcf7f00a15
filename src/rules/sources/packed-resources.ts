import { inTurns } from "../reload/in-turns.js";

/** Resources one behind the other, in memory that threads share (see PackedTexts). */
export interface PackedResources {
  readonly bytes: Uint8Array<SharedArrayBuffer>;
  /** Where each begins, and at last where they end. */
  readonly offsets: readonly number[];
}

/** How much is copied without looking whether a decision waits: a part of a millisecond's work. */
const PART_BYTES = 256 * 1024;

/** Copies resources, which may be parts of memory that others use, in turns with decisions. */
export async function packResources(resources: readonly Uint8Array[]): Promise<PackedResources> {
  const offsets = [0];
  for (const { length } of resources) offsets.push((offsets.at(-1) as number) + length);
  const bytes = new Uint8Array(new SharedArrayBuffer(offsets.at(-1) as number));
  await inTurns(copyAll(resources, bytes));
  return { bytes, offsets };
}

function* copyAll(resources: readonly Uint8Array[], into: Uint8Array): Generator<void> {
  let at = 0;
  for (const resource of resources) {
    for (let from = 0; from < resource.length; from += PART_BYTES) {
      const part = resource.subarray(from, from + PART_BYTES);
      into.set(part, at);
      at += part.length;
      yield;
    }
  }
}

/** Each a copy of its own: not all that reads bytes takes shared memory. */
export function unpackResources({ bytes, offsets }: PackedResources): Uint8Array[] {
  return offsets.slice(1).map((end, index) => new Uint8Array(bytes.subarray(offsets[index], end)));
}
