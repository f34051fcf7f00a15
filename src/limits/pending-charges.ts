/**
 * Peeks that were admitted and whose cost has not been reported yet (D5), as a flat list of pairs: the moment at which
 * they lapse (microseconds), and how many lapse then. Oldest first.
 */
export type PendingCharges = readonly number[];

export const NO_PENDING_CHARGES: PendingCharges = [];

/** How long a pending charge is kept by default: 15 minutes. */
export const DEFAULT_PENDING_LAPSE_MICROS = 15 * 60 * 1_000_000;

/** Lapse times are rounded up to this share of the lapse, which bounds the list to that many pairs and one more. */
const SLOTS_PER_LAPSE = 16;

/** How many charges are pending. */
export function countPending(pending: PendingCharges): number {
  let count = 0;
  for (let i = 1; i < pending.length; i += 2) count += pending[i] as number;
  return count;
}

/** The charges that have not lapsed at `nowMicros`. */
export function dropLapsed(pending: PendingCharges, nowMicros: number): PendingCharges {
  let first = 0;
  while (first < pending.length && (pending[first] as number) <= nowMicros) first += 2;
  return first === 0 ? pending : pending.slice(first);
}

/** Uses up the `count` oldest charges; `count` is at most what is pending. */
export function usePending(pending: PendingCharges, count: number): PendingCharges {
  let left = count;
  const kept: number[] = [];
  for (let i = 0; i < pending.length; i += 2) {
    const here = pending[i + 1] as number;
    const used = Math.min(left, here);
    left -= used;
    if (here > used) kept.push(pending[i] as number, here - used);
  }
  return kept;
}

/** Adds `count` charges that lapse after `lapseMicros`, or up to a sixteenth of that later. */
export function addPending(
  pending: PendingCharges,
  count: number,
  nowMicros: number,
  lapseMicros: number,
): PendingCharges {
  const slotMicros = Math.max(1, Math.floor(lapseMicros / SLOTS_PER_LAPSE));
  const lapsesAt = Math.ceil((nowMicros + lapseMicros) / slotMicros) * slotMicros;
  const last = pending.length - 2;
  // After a clock step back the newest pair may lapse later than this one: join it, so that the list stays sorted.
  if (last >= 0 && (pending[last] as number) >= lapsesAt) {
    return [...pending.slice(0, last + 1), (pending[last + 1] as number) + count];
  }
  return [...pending, lapsesAt, count];
}
