import type { Arithmetic } from "./arithmetic.js";
import { multiplyDivide } from "./exact.js";
import type { BucketLimit } from "./limit.js";
import { dropLapsed, NO_PENDING_CHARGES, type PendingCharges } from "./pending-charges.js";
import {
  addCount,
  dropBefore,
  NO_SLOT_COUNTS,
  newestSlot,
  removeNewest,
  type SlotCounts,
  shiftSlots,
  sumCounts,
} from "./slot-counts.js";

/** A period has so many slots. */
const SLOTS = 60;

/**
 * A sliding window as it was when it was last written. What was taken is kept for each slot, a sixtieth of the period:
 * slot n starts at n * periodMicros / 60, counted from the epoch in the store's clock.
 */
export interface SlidingWindowState {
  /** What was taken in the current slot and in the 60 before it. */
  readonly counts: SlotCounts;
  /** What the burst in force leaves of it; below 0 the bucket is in debt. */
  readonly tokens: number;
  /** The burst that was in force, so that a larger one adds no tokens (D11). */
  readonly burst: number;
  readonly pending: PendingCharges;
}

/**
 * Admits at most the burst in any period: what was taken counts until all of its slot is a period ago. Two moments that
 * are no more than a period apart are no more than 60 slots apart, so that the later one always sees the earlier.
 */
export const slidingWindow: Arithmetic<SlidingWindowState> = {
  refill,
  refund,
  charge,
  microsUntil,
  keptMicros,
  isOutdated,
};

function refill(state: SlidingWindowState | undefined, limit: BucketLimit, nowMicros: number): SlidingWindowState {
  const { burst } = limit;
  if (state === undefined) return { counts: NO_SLOT_COUNTS, tokens: burst, burst, pending: NO_PENDING_CHARGES };
  const slot = slotAt(nowMicros, limit.periodMicros);
  const stepBack = newestSlot(state.counts) - slot;
  // After a step back of the clock no time has passed (D11): the newest slot is the current one, and all keep their age.
  const shifted = stepBack > 0 ? shiftSlots(state.counts, -stepBack) : state.counts;
  const counts = dropBefore(shifted, slot - SLOTS);
  const taken = sumCounts(counts);
  const tokens = Math.min(burst, state.burst - taken);
  return {
    counts: withSum(counts, taken, burst - tokens, slot),
    tokens,
    burst,
    pending: dropLapsed(state.pending, nowMicros),
  };
}

/** What a larger burst would add counts as taken now, to come back with time; what a smaller one cuts goes newest first. */
function withSum(counts: SlotCounts, sum: number, wanted: number, slot: number): SlotCounts {
  return wanted >= sum ? addCount(counts, slot, wanted - sum) : removeNewest(counts, sum - wanted);
}

function refund(state: SlidingWindowState, hits: number, { burst }: BucketLimit): SlidingWindowState {
  const given = Math.min(hits, burst - state.tokens);
  if (given === 0) return state;
  return { ...state, counts: removeNewest(state.counts, given), tokens: state.tokens + given };
}

function charge(
  state: SlidingWindowState,
  tokens: number,
  pending: PendingCharges,
  limit: BucketLimit,
  nowMicros: number,
): SlidingWindowState {
  const slot = slotAt(nowMicros, limit.periodMicros);
  return { counts: addCount(state.counts, slot, state.tokens - tokens), tokens, burst: state.burst, pending };
}

/** Until so many of the oldest slots are out of the window that what they counted is enough. */
function microsUntil(
  wanted: number,
  tokens: number,
  { counts }: SlidingWindowState,
  limit: BucketLimit,
  nowMicros: number,
): number {
  const missing = wanted - tokens;
  if (missing <= 0) return 0;
  if (wanted > limit.burst) return Number.POSITIVE_INFINITY;
  let returned = 0;
  for (let i = 0; i < counts.length; i += 2) {
    returned += counts[i + 1] as number;
    if (returned >= missing) return leavesAt(counts[i] as number, limit.periodMicros) - nowMicros;
  }
  // The rest is what the charges of this request take, now.
  return leavesAt(slotAt(nowMicros, limit.periodMicros), limit.periodMicros) - nowMicros;
}

/** Until no slot is left. */
function keptMicros({ counts }: SlidingWindowState, { periodMicros }: BucketLimit, nowMicros: number): number {
  return counts.length === 0 ? 0 : leavesAt(newestSlot(counts), periodMicros) - nowMicros;
}

/** Slots that a clock stepped back from would stay until the old time comes again, and a new burst would add tokens. */
function isOutdated(stored: SlidingWindowState, { counts }: SlidingWindowState, limit: BucketLimit): boolean {
  const isShifted = counts.length > 0 && newestSlot(counts) < newestSlot(stored.counts);
  return isShifted || stored.burst !== limit.burst;
}

/** floor(micros * 60 / period), exactly. */
function slotAt(micros: number, periodMicros: number): number {
  const periods = Math.floor(micros / periodMicros);
  const part = multiplyDivide(micros - periods * periodMicros, SLOTS, 0, periodMicros);
  return periods * SLOTS + part.quotient;
}

/** The moment at which a slot is out of the window: the start of the 61st after it, ceil(slot * period / 60). */
function leavesAt(slot: number, periodMicros: number): number {
  const later = slot + SLOTS + 1;
  const periods = Math.floor(later / SLOTS);
  const { quotient, remainder } = multiplyDivide(later - periods * SLOTS, periodMicros, 0, SLOTS);
  return periods * periodMicros + quotient + (remainder > 0 ? 1 : 0);
}
