import { inTurns } from "../../in-turns.js";
import { type PackedParts, roomFor } from "./packed-parts.js";

/** How much is copied without looking whether a decision waits: a part of a millisecond's work. */
const PART_BYTES = 256 * 1024;

/** Copies resources, which may be parts of memory that others use, in turns with decisions. */
export async function packResources(resources: readonly Uint8Array[]): Promise<PackedParts> {
  const packed = roomFor(resources);
  await inTurns(copyAll(resources, packed.bytes));
  return packed;
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
