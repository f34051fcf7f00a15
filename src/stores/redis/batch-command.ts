import type { Algorithm, BucketLimit } from "../../limits/limit.js";
import type { Action, Charge, Role } from "../store.js";

/** What is to be given back of a part that was taken in vain: see `scripts/give-back.lua`. */
export interface Receipt {
  /** The bucket's identity. */
  readonly key: string;
  readonly limit: BucketLimit;
  readonly hits: number;
  /** Pending charges that the part left (D5). */
  readonly peeks: number;
  /** By Redis' clock. */
  readonly takenAtMicros: number;
  /** Tokens that the bucket missed to be full before they were taken. */
  readonly missing: number;
}

/**
 * One entry of a batch.
 * - whole: all charges of a request.
 * - part: those charges of a request that one lane decides.
 * - give_back: what a part took of a request that another part refused.
 */
export type Operation =
  | { readonly kind: "whole" | "part"; readonly charges: readonly Charge[] }
  | { readonly kind: "give_back"; readonly receipts: readonly Receipt[] };

/** What of an operation names buckets, each with its key. */
export function keyedOf(operation: Operation): readonly { readonly key: string }[] {
  return operation.kind === "give_back" ? operation.receipts : operation.charges;
}

/** KEYS and ARGV[1] of `scripts/batch.lua`. */
export interface BatchCommand {
  readonly keys: readonly string[];
  readonly numbers: readonly number[];
}

/** What all batches of a lane have in common. */
export interface BatchOptions {
  /** What its keys start with: the prefix as `encodeKeyPrefix` gives it, and in a Cluster the lane's hash tag. */
  readonly keyPrefix: string;
  /** How long a pending charge is kept (D5). */
  readonly lapseMicros: number;
  /** Whether parts of requests are decided here, which may be given back: then states tell what voids receipts. */
  readonly givesBack: boolean;
}

/** By the numbers that our scripts have for them. */
export const ALGORITHM_NUMBERS: Readonly<Record<Algorithm, number>> = {
  token_bucket: 1,
  fixed_window: 2,
  sliding_window: 3,
};
const ROLES: Readonly<Record<Role, number>> = { enforced: 1, shadow: 2, quota: 3, shadow_quota: 4 };
const ACTIONS: Readonly<Record<Action, number>> = { take: 1, report: 2, peek: 3, refund: 4 };
const KINDS: Readonly<Record<Operation["kind"], number>> = { whole: 1, part: 2, give_back: 3 };

/**
 * Writes operations as `scripts/batch.lua` reads them: each bucket and each limit once.
 * @param notAfterMicros until when, by Redis' clock, the batch may be charged; -1: whenever it runs
 */
export function batchCommand(
  operations: readonly Operation[],
  notAfterMicros: number,
  { keyPrefix, lapseMicros, givesBack }: BatchOptions,
): BatchCommand {
  const keys = new Numbered<string>();
  const limits = new Numbered<BucketLimit>();
  const entries: number[] = [];
  for (const operation of operations) {
    if (operation.kind === "give_back") {
      entries.push(KINDS.give_back, operation.receipts.length);
      for (const { key, limit, hits, peeks, takenAtMicros, missing } of operation.receipts) {
        entries.push(keys.numberOf(key), limits.numberOf(limit), hits, peeks, takenAtMicros, missing);
      }
    } else {
      entries.push(KINDS[operation.kind], operation.charges.length);
      for (const { key, limit, role, action, hits } of operation.charges) {
        entries.push(keys.numberOf(key), limits.numberOf(limit), ROLES[role], ACTIONS[action], hits);
      }
    }
  }
  const numbers = [notAfterMicros, lapseMicros, givesBack ? 1 : 0, limits.all.length];
  for (const { algorithm, tokensPerPeriod, periodMicros, burst, maxDebt } of limits.all) {
    numbers.push(ALGORITHM_NUMBERS[algorithm], tokensPerPeriod, periodMicros, burst, maxDebt);
  }
  for (const entry of entries) numbers.push(entry);
  return { keys: keys.all.map((key) => keyPrefix + key), numbers };
}

/** Different values and their numbers, from 1, in the order in which they came. */
class Numbered<Value> {
  readonly all: Value[] = [];
  readonly #numbers = new Map<Value, number>();

  numberOf(value: Value): number {
    let number = this.#numbers.get(value);
    if (number === undefined) {
      number = this.all.push(value);
      this.#numbers.set(value, number);
    }
    return number;
  }
}

/**
 * A prefix that no other prefix can be mistaken for, whatever bucket comes after it: it ends with the only `|` in it.
 * Braces are escaped too, since in a Redis Cluster they would put all keys into one slot.
 */
export function encodeKeyPrefix(prefix: string): string {
  const escaped = prefix.replace(/[%|{}]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
  return `${escaped}|`;
}
