import { addPending, usePending } from "../limits/pending-charges.js";
import { type BucketState, microsUntil } from "../limits/token-bucket.js";
import type { OpenBucket } from "./admission.js";

/**
 * What is to be stored after a decision: the new state, `"drop"` since a full bucket is no bucket, or nothing.
 * A plain refusal changes nothing (D3).
 * @param lapseMicros how long a new pending charge is kept (D5)
 */
export function changeOf(bucket: OpenBucket, lapseMicros: number): BucketState | "drop" | undefined {
  const { limit, stored, refilled, tokens, remainder, pendingUsed, pendingAdded } = bucket;
  let pending = refilled.pending;
  if (pendingUsed > 0) pending = usePending(pending, pendingUsed);
  if (pendingAdded > 0) pending = addPending(pending, pendingAdded, refilled.atMicros, lapseMicros);
  if (tokens === limit.burst && pending.length === 0) return stored === undefined ? undefined : "drop";
  if (stored !== undefined && !isCharged(bucket) && !isOutdated(bucket, stored)) return undefined;
  return { atMicros: refilled.atMicros, tokens, remainder, tokensPerPeriod: limit.tokensPerPeriod, pending };
}

function isCharged({ refilled, tokens, remainder, pendingUsed, pendingAdded }: OpenBucket): boolean {
  return tokens !== refilled.tokens || remainder !== refilled.remainder || pendingUsed > 0 || pendingAdded > 0;
}

/**
 * Whether the stored state would add tokens that it must not add (D11): a clock that stepped back would stand still
 * until the old time comes again, a new rate would count for the time before it, and a burst that cut the tokens, or
 * that they reached, would be forgotten when a larger one comes.
 */
function isOutdated({ limit, refilled }: OpenBucket, stored: BucketState): boolean {
  return (
    refilled.atMicros < stored.atMicros ||
    stored.tokensPerPeriod !== limit.tokensPerPeriod ||
    (refilled.tokens === limit.burst && stored.tokens !== limit.burst)
  );
}

/** The moment from which a state says no more than no state at all: full, and nothing pending. Infinity: never. */
export function droppableAtMicros(state: BucketState, { limit }: OpenBucket): number {
  const fullAt = state.atMicros + microsUntil(limit.burst, state.tokens, state.remainder, limit);
  const { pending } = state;
  return pending.length === 0 ? fullAt : Math.max(fullAt, pending[pending.length - 2] as number);
}
