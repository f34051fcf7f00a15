import type { BucketState } from "../limits/algorithms.js";
import { addPending, usePending } from "../limits/pending-charges.js";
import type { OpenBucket } from "./admission.js";

/**
 * What is to be stored after a decision: the new state, `"drop"` since a full bucket is no bucket, or nothing.
 * A plain refusal changes nothing (D3).
 * @param lapseMicros how long a new pending charge is kept (D5)
 */
export function changeOf(bucket: OpenBucket, lapseMicros: number): BucketState | "drop" | undefined {
  const { arithmetic, limit, nowMicros, stored, refilled, refunded, tokens, pendingUsed, pendingAdded } = bucket;
  if (!isCharged(bucket) && (stored === undefined || !arithmetic.isOutdated(stored, refilled, limit))) return undefined;
  let pending = refilled.pending;
  if (pendingUsed > 0) pending = usePending(pending, pendingUsed);
  if (pendingAdded > 0) pending = addPending(pending, pendingAdded, nowMicros, lapseMicros);
  const state = arithmetic.charge(refunded, tokens, pending, limit, nowMicros);
  if (pending.length > 0 || arithmetic.keptMicros(state, limit, nowMicros) > 0) return state;
  return stored === undefined ? undefined : "drop";
}

function isCharged({ refilled, refunded, tokens, pendingUsed, pendingAdded }: OpenBucket): boolean {
  // A refund and a charge that come to the same tokens may still be from different times.
  return refunded !== refilled || tokens !== refilled.tokens || pendingUsed > 0 || pendingAdded > 0;
}

/** The moment from which a state says no more than no state at all, and nothing is pending. Infinity: never. */
export function droppableAtMicros(state: BucketState, { arithmetic, limit, nowMicros }: OpenBucket): number {
  const fullAt = nowMicros + arithmetic.keptMicros(state, limit, nowMicros);
  const { pending } = state;
  return pending.length === 0 ? fullAt : Math.max(fullAt, pending[pending.length - 2] as number);
}
