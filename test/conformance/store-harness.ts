import type { Algorithm, BucketLimit } from "../../src/limits/limit.js";
import type { Action, AskedBucket, BucketStatus, Charge, Outcome, Role, Verdict } from "../../src/stores/store.js";

export const SECOND = 1_000_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const YEAR = 365 * 24 * HOUR;

/** A store as the sentences of the suite use it. */
export interface StoreHarness {
  decide(charges: readonly Charge[]): Promise<Verdict>;
  /** The store's clock. */
  nowMicros(): number;
  /** Moves the store's clock by so many microseconds, also back. It stands still otherwise. */
  advance(micros: number): Promise<void>;
  /** A key that no test has used, for stores that outlive a test. */
  freshKey(): string;
}

/** The same with what operators ask of it. */
export interface InspectableHarness extends StoreHarness {
  inspect(buckets: readonly AskedBucket[]): Promise<readonly BucketStatus[]>;
  reset(keys: readonly string[]): Promise<number>;
}

/** So many tokens a period; the burst is the same unless told, and so is the debt. */
export function perPeriod(
  tokensPerPeriod: number,
  periodMicros: number,
  burst = tokensPerPeriod,
  maxDebt = burst,
): BucketLimit {
  return { algorithm: "token_bucket", tokensPerPeriod, periodMicros, burst, maxDebt };
}

export const ALGORITHMS: readonly Algorithm[] = ["token_bucket", "fixed_window", "sliding_window"];

/** So many hits a window, by one of the algorithms with windows. */
export function perWindow(algorithm: Algorithm, burst: number, periodMicros: number, maxDebt = burst): BucketLimit {
  return { ...perPeriod(burst, periodMicros, burst, maxDebt), algorithm };
}

/** Moves the clock to the next start of a period, from where windows are counted. */
export async function startPeriod(harness: StoreHarness, periodMicros: number): Promise<void> {
  await harness.advance(periodMicros - (harness.nowMicros() % periodMicros));
}

function charge(action: Action, key: string, limit: BucketLimit, hits: number, role: Role): Charge {
  return { key, limit, role, action, hits };
}

export function take(key: string, limit: BucketLimit, hits = 1, role: Role = "enforced"): Charge {
  return charge("take", key, limit, hits, role);
}

export function report(key: string, limit: BucketLimit, hits: number, role: Role = "enforced"): Charge {
  return charge("report", key, limit, hits, role);
}

export function peek(key: string, limit: BucketLimit, role: Role = "enforced"): Charge {
  return charge("peek", key, limit, 0, role);
}

export function refund(key: string, limit: BucketLimit, hits: number, role: Role = "enforced"): Charge {
  return charge("refund", key, limit, hits, role);
}

/** Decides over one charge and returns what became of it. */
export async function outcomeOf(harness: StoreHarness, one: Charge): Promise<Outcome> {
  const { outcomes } = await harness.decide([one]);
  return outcomes[0] as Outcome;
}

/** Whether a request of this one charge is admitted. */
export async function isAdmitted(harness: StoreHarness, one: Charge): Promise<boolean> {
  return (await harness.decide([one])).admitted;
}

/** The tokens in a bucket, by a charge that leaves no trace: hits of none that are no peek. */
export async function tokensOf(harness: StoreHarness, key: string, limit: BucketLimit): Promise<number> {
  return (await outcomeOf(harness, take(key, limit, 0, "shadow"))).tokens;
}
