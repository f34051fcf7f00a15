import { arithmeticOf, type BucketState } from "../limits/algorithms.js";
import type { Arithmetic } from "../limits/arithmetic.js";
import { fits, settle } from "../limits/hits.js";
import type { BucketLimit } from "../limits/limit.js";
import { countPending } from "../limits/pending-charges.js";
import type { Charge, Outcome, Verdict } from "./store.js";

/** A bucket while one request is decided. `decide` moves its balance. */
export interface OpenBucket {
  readonly limit: BucketLimit;
  readonly arithmetic: Arithmetic<BucketState>;
  /** The moment of the decision. */
  readonly nowMicros: number;
  /** As it was stored; absent where there is none, which is a full one. */
  readonly stored: BucketState | undefined;
  /** The same at the moment of the decision. */
  readonly refilled: BucketState;
  /** The same after this request's refunds, which come first. */
  refunded: BucketState;
  /** What charges have left of it. */
  tokens: number;
  /** Pending charges that were paid for (D5). */
  pendingUsed: number;
  /** Peeks that leave a pending charge. */
  pendingAdded: number;
}

type OutcomeDraft = { -readonly [Field in keyof Outcome]: Outcome[Field] };

/** Brings a stored bucket to `nowMicros`, ready to be charged. */
export function openBucket(stored: BucketState | undefined, limit: BucketLimit, nowMicros: number): OpenBucket {
  const arithmetic = arithmeticOf(limit.algorithm);
  const refilled = arithmetic.refill(stored, limit, nowMicros);
  return {
    limit,
    arithmetic,
    nowMicros,
    stored,
    refilled,
    refunded: refilled,
    tokens: refilled.tokens,
    pendingUsed: 0,
    pendingAdded: 0,
  };
}

/**
 * Decides over all charges of a request (D4): refunds first, then the others in order on a running balance. When they
 * are admitted that balance stands. When they are refused only refunds and reported costs (D5) are left in it.
 * @param buckets one to one with the charges; charges with the same key have the same bucket
 */
export function decide(charges: readonly Charge[], buckets: readonly OpenBucket[]): Verdict {
  const outcomes = new Array<OutcomeDraft>(charges.length);
  giveRefunds(charges, buckets, outcomes);
  takeInOrder(charges, buckets, outcomes);
  const admitted = isAdmitted(charges, outcomes);
  if (admitted) countPeeks(charges, buckets);
  else takeOnlySettled(charges, buckets, outcomes);
  for (let i = 0; i < charges.length; i++) {
    predict(outcomes[i] as OutcomeDraft, charges[i] as Charge, buckets[i] as OpenBucket);
  }
  return { admitted, outcomes };
}

function giveRefunds(charges: readonly Charge[], buckets: readonly OpenBucket[], outcomes: OutcomeDraft[]): void {
  for (let i = 0; i < charges.length; i++) {
    const { action, hits } = charges[i] as Charge;
    if (action !== "refund") continue;
    const bucket = buckets[i] as OpenBucket;
    // A bucket that does not exist is full already, so that it stays as it is (D8).
    bucket.refunded = bucket.arithmetic.refund(bucket.refunded, hits, bucket.limit);
    bucket.tokens = bucket.refunded.tokens;
    outcomes[i] = draft(true, false, bucket.tokens);
  }
}

function takeInOrder(charges: readonly Charge[], buckets: readonly OpenBucket[], outcomes: OutcomeDraft[]): void {
  for (let i = 0; i < charges.length; i++) {
    const { action, hits } = charges[i] as Charge;
    if (action === "refund") continue;
    const bucket = buckets[i] as OpenBucket;
    const fitting = fits(bucket.tokens, hits);
    const settled = action === "report" && hits > 0 && hasPending(bucket);
    if (settled) {
      bucket.pendingUsed += 1;
      bucket.tokens = settle(bucket.tokens, hits, bucket.limit);
    } else if (fitting) {
      bucket.tokens -= hits;
    }
    outcomes[i] = draft(fitting, settled, bucket.tokens);
  }
}

function hasPending(bucket: OpenBucket): boolean {
  const { pending } = bucket.refilled;
  return pending.length > 0 && countPending(pending) > bucket.pendingUsed;
}

/** Every enforced charge must fit, and one of the quota charges, if there are any; a shadow quota counts as one that does. */
export function isAdmitted(charges: readonly Charge[], outcomes: readonly Outcome[]): boolean {
  let hasQuota = false;
  let quotaFits = false;
  for (let i = 0; i < charges.length; i++) {
    const { action, role } = charges[i] as Charge;
    if (action === "refund" || role === "shadow") continue;
    const fitting = (outcomes[i] as Outcome).fits;
    if (role === "enforced") {
      if (!fitting) return false;
    } else {
      hasQuota = true;
      quotaFits ||= fitting || role === "shadow_quota";
    }
  }
  return quotaFits || !hasQuota;
}

function countPeeks(charges: readonly Charge[], buckets: readonly OpenBucket[]): void {
  for (let i = 0; i < charges.length; i++) {
    if ((charges[i] as Charge).action === "peek") (buckets[i] as OpenBucket).pendingAdded += 1;
  }
}

/** A refused request pays what it reported and nothing else. What was found to fit or not stays so. */
function takeOnlySettled(
  charges: readonly Charge[],
  buckets: readonly OpenBucket[],
  outcomes: readonly OutcomeDraft[],
): void {
  for (const bucket of buckets) bucket.tokens = bucket.refunded.tokens;
  for (let i = 0; i < charges.length; i++) {
    const { action, hits } = charges[i] as Charge;
    if (action === "refund") continue;
    const bucket = buckets[i] as OpenBucket;
    const outcome = outcomes[i] as OutcomeDraft;
    if (outcome.settled) bucket.tokens = settle(bucket.tokens, hits, bucket.limit);
    outcome.tokens = bucket.tokens;
  }
}

function draft(fitting: boolean, settled: boolean, tokens: number): OutcomeDraft {
  return { fits: fitting, settled, tokens, untilFullMicros: 0, untilFitsMicros: 0 };
}

/** Tells when the bucket, as this charge left it, will be full, and when the same hits will fit. */
function predict(outcome: OutcomeDraft, { action, hits }: Charge, bucket: OpenBucket): void {
  const { arithmetic, limit, nowMicros, refunded } = bucket;
  const { tokens } = outcome;
  outcome.untilFullMicros = arithmetic.microsUntil(limit.burst, tokens, refunded, limit, nowMicros);
  if (action === "refund") return;
  outcome.untilFitsMicros = arithmetic.microsUntil(hits, tokens, refunded, limit, nowMicros);
}
