/**
 * How much was taken in which slot of time, as a flat list of pairs: a slot's number, its count. Oldest first. A slot in
 * which something was taken stays with a count of 0 when that is given back, so that its bucket is kept as long.
 */
export type SlotCounts = readonly number[];

export const NO_SLOT_COUNTS: SlotCounts = [];

/** All that was taken. */
export function sumCounts(counts: SlotCounts): number {
  let sum = 0;
  for (let i = 1; i < counts.length; i += 2) sum += counts[i] as number;
  return sum;
}

/** The newest slot of all; -Infinity when there is none. */
export function newestSlot(counts: SlotCounts): number {
  return counts.length === 0 ? Number.NEGATIVE_INFINITY : (counts[counts.length - 2] as number);
}

/** Forgets what was taken in slots before `first`. */
export function dropBefore(counts: SlotCounts, first: number): SlotCounts {
  let kept = 0;
  while (kept < counts.length && (counts[kept] as number) < first) kept += 2;
  return kept === 0 ? counts : counts.slice(kept);
}

/** Adds to the count of `slot`, which no slot comes after. */
export function addCount(counts: SlotCounts, slot: number, count: number): SlotCounts {
  if (count === 0) return counts;
  if (newestSlot(counts) !== slot) return [...counts, slot, count];
  const last = counts.length - 1;
  return counts.with(last, (counts[last] as number) + count);
}

/** Takes `count`, at most the sum, out of the newest slots. Those that are left with none keep their places. */
export function removeNewest(counts: SlotCounts, count: number): SlotCounts {
  const kept = [...counts];
  let left = count;
  for (let i = kept.length - 1; left > 0; i -= 2) {
    const removed = Math.min(left, kept[i] as number);
    left -= removed;
    kept[i] = (kept[i] as number) - removed;
  }
  return kept;
}

/** Moves all counts by so many slots, to earlier ones where `slots` is below 0. */
export function shiftSlots(counts: SlotCounts, slots: number): SlotCounts {
  return counts.map((value, index) => (index % 2 === 0 ? value + slots : value));
}
