import type { BucketLimit } from "../limits/limit.js";

/**
 * What a limit has to say about the request (D4, D6).
 * - enforced: the request is refused unless the hits fit.
 * - shadow: charged when the hits fit, never refuses.
 * - quota: of all quota limits of a request at least one must fit.
 * - shadow_quota: charged like shadow, and counts as a quota that fits.
 */
export type Role = "enforced" | "shadow" | "quota" | "shadow_quota";

/**
 * What the hits do.
 * - take: charged when the request is admitted and they fit.
 * - report: the same for hits that are a descriptor's own `hits_addend`, which pay for a pending charge if there is
 *   one: then they are taken in full, whatever the decision (D5).
 * - peek: takes nothing, and leaves a pending charge when the request is admitted (D5). Its hits are 0.
 * - refund: gives the hits back first of all, whatever the decision (D8).
 */
export type Action = "take" | "report" | "peek" | "refund";

/** One limit that a request meets. Charges with the same key share a bucket and add up in order. */
export interface Charge {
  /** The bucket's identity (D12). */
  readonly key: string;
  readonly limit: BucketLimit;
  readonly role: Role;
  readonly action: Action;
  /** Whole, 0 to 2^53 - 1 (D1). */
  readonly hits: number;
}

/** What became of a charge. */
export interface Outcome {
  /** Whether the hits fitted (D2); a refund always fits. */
  readonly fits: boolean;
  /** Whether the hits paid for a pending charge (D5). */
  readonly settled: boolean;
  /** Whole tokens left in the bucket after this charge; below 0 in debt. */
  readonly tokens: number;
  /** Microseconds until the bucket is full. Infinity: never. */
  readonly untilFullMicros: number;
  /** Microseconds until these hits would fit. Infinity: never. */
  readonly untilFitsMicros: number;
}

/** The answer to all charges of one request, taken at one instant (D4). */
export interface Verdict {
  readonly admitted: boolean;
  /** One to one with the charges. */
  readonly outcomes: readonly Outcome[];
}

/**
 * Why a store did not answer, which says how the operation is counted.
 * - timeout: not within its budget.
 * - unavailable: it cannot be reached, or has not answered for a while (the circuit breaker is open).
 * - overload: too many decisions wait for it already.
 * - cancelled: the caller went away before anything was charged.
 * - error: it answered, with an error.
 */
export type StoreFailureKind = "timeout" | "unavailable" | "overload" | "cancelled" | "error";

/** Who asked, as far as a store needs to know. */
export interface Caller {
  /** Whether nobody waits for the decision any more. Read again whenever it matters. */
  readonly isCancelled: boolean;
}

/** The store is gone, late or broken: D13 decides. */
export class StoreFailure extends Error {
  override readonly name = "StoreFailure";
  readonly kind: StoreFailureKind;

  constructor(kind: StoreFailureKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}

/** A bucket to look at: whose it is (D12), and by which limit. */
export interface AskedBucket {
  readonly key: string;
  readonly limit: BucketLimit;
}

/** What is in a bucket. */
export interface BucketStatus {
  /** Whole tokens; below 0 in debt. */
  readonly tokens: number;
  /** Microseconds until the bucket is full. Infinity: never. */
  readonly untilFullMicros: number;
  /** Charges that were announced and not reported yet (D5). */
  readonly pending: number;
}

/** Where buckets live. Every store passes the conformance suite in test/conformance. */
export interface Store {
  readonly kind: "memory" | "redis";

  /**
   * Decides over all charges of one request at one instant, all or nothing (D4).
   * @param charges at least one
   * @param budgetMillis how long the answer may take
   * @param caller a decision whose caller goes away before it was sent is not charged; absent: the caller stays
   * @throws StoreFailure (or a promise of one) within the budget
   */
  decide(charges: readonly Charge[], budgetMillis: number, caller?: Caller): Verdict | Promise<Verdict>;

  /** Whether the store can be expected to answer. */
  isReady(): boolean;

  /** Why it cannot, for people; without a secret. Absent: it always can. */
  whyNotReady?(): string;

  /** Lets go of connections and timers. */
  close(): Promise<void>;
}

/** A store that lets operators look at buckets and reset them. Both of Weir's do. */
export interface InspectableStore extends Store {
  /**
   * Looks at buckets, each by itself: takes nothing and writes nothing.
   * @returns one to one with what was asked
   * @throws StoreFailure as a promise of one
   */
  inspect(buckets: readonly AskedBucket[]): Promise<readonly BucketStatus[]>;

  /**
   * Makes buckets full again, without debt and pending charges.
   * @returns how many of them were not full, or had something pending
   * @throws StoreFailure as a promise of one
   */
  reset(keys: readonly string[]): Promise<number>;
}
