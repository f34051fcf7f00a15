import type { BucketLimit } from "../../../src/limits/limit.js";
import type { Charge } from "../../../src/stores/store.js";
import { fullLevel } from "./bucket-level.js";
import { type Level, max } from "./level.js";

/** What the model says of a charge; undefined: never. */
export interface ModelOutcome {
  readonly fits: boolean;
  readonly settled: boolean;
  readonly tokens: bigint;
  readonly untilFullMicros: bigint | undefined;
  readonly untilFitsMicros: bigint | undefined;
}

export interface ModelVerdict {
  readonly admitted: boolean;
  readonly outcomes: readonly ModelOutcome[];
}

/** A peek not yet paid for. The contract leaves open when exactly it lapses: from `earliest` on, by `latest` surely. */
interface Pending {
  readonly earliest: bigint;
  readonly latest: bigint;
}

/** A bucket as last written. */
interface Written {
  readonly level: Level;
  readonly at: bigint;
  readonly pending: readonly Pending[];
  /** A store may have written nothing, or dropped it. */
  readonly mayBeGone: boolean;
  /** The latest that the clock has been since. */
  peak: bigint;
  /** A store may have written it anew or not, since charges came to nothing in sum. */
  unsure: boolean;
}

/** A bucket in the middle of a decision. */
interface Open {
  readonly written: Written | undefined;
  readonly limit: BucketLimit;
  readonly refilled: Level;
  readonly alive: readonly Pending[];
  level: Level;
  used: number;
  peeks: number;
  moved: boolean;
}

/**
 * The contract in exact arithmetic, as a store sees it: D2 to D5, D8 and D11 of the design, on levels of BigInt.
 * It shares no code with src and was not made to be fast.
 */
export class BucketModel {
  readonly #buckets = new Map<string, Written>();
  readonly #lapse: bigint;
  #now: bigint;

  constructor(pendingLapseMicros: number, nowMicros: number) {
    this.#lapse = BigInt(pendingLapseMicros);
    this.#now = BigInt(nowMicros);
  }

  /** Moves the clock, also back. */
  advance(micros: number): void {
    this.#now += BigInt(micros);
    for (const bucket of this.#buckets.values()) bucket.peak = max(bucket.peak, this.#now);
  }

  /**
   * Whether the contract leaves open what happens to the charge's bucket now: its pending charges are about to lapse,
   * or it had nothing to tell for a while and so may be gone, which shows when a larger burst comes or the clock steps
   * back.
   */
  isOpenToChoice(charge: Charge): boolean {
    const written = this.#buckets.get(charge.key);
    if (written === undefined) return false;
    if (written.pending.some(({ earliest, latest }) => earliest <= this.#now && this.#now < latest)) return true;
    if (written.unsure && this.#now < written.peak) return true;
    if (!this.#mayBeGone(written)) return false;
    const absent = fullLevel(charge.limit).at(this.#now, charge.limit);
    return this.#now < written.peak || !written.level.at(this.#now, charge.limit).equals(absent);
  }

  decide(charges: readonly Charge[]): ModelVerdict {
    const opened = new Map<string, Open>();
    for (const charge of charges) if (!opened.has(charge.key)) opened.set(charge.key, this.#open(charge));
    const bucketOf = (charge: Charge) => opened.get(charge.key) as Open;
    const refunds = new Map<Charge, ModelOutcome>();
    for (const charge of charges) {
      if (charge.action === "refund") refunds.set(charge, giveBack(charge, bucketOf(charge)));
    }
    const start = [...opened.values()].map((bucket) => ({ bucket, level: bucket.level, moved: bucket.moved }));
    const taken = new Map<Charge, ModelOutcome>();
    const others = charges.filter(({ action }) => action !== "refund");
    for (const charge of others) taken.set(charge, take(charge, bucketOf(charge)));
    const admitted = isAdmitted(others, taken);
    if (admitted) {
      for (const charge of others) if (charge.action === "peek") bucketOf(charge).peeks += 1;
    } else {
      for (const { bucket, level, moved } of start) Object.assign(bucket, { level, moved });
      for (const charge of others) {
        taken.set(charge, retake(charge, bucketOf(charge), taken.get(charge) as ModelOutcome));
      }
    }
    for (const [key, bucket] of opened) this.#write(key, bucket);
    return { admitted, outcomes: charges.map((charge) => (refunds.get(charge) ?? taken.get(charge)) as ModelOutcome) };
  }

  #open({ key, limit }: Charge): Open {
    const written = this.#buckets.get(key);
    const level = (written?.level ?? fullLevel(limit)).at(this.#now, limit);
    const alive = written?.pending.filter(({ latest }) => this.#now < latest) ?? [];
    return { written, limit, refilled: level, alive, level, used: 0, peeks: 0, moved: false };
  }

  /** As soon as it has nothing to tell, it may be dropped. */
  #mayBeGone({ level, pending, mayBeGone, peak }: Written): boolean {
    return mayBeGone || (level.aged(peak).isForgettable && pending.every(({ earliest }) => earliest <= peak));
  }

  #write(key: string, bucket: Open): void {
    const { written, level, refilled, limit } = bucket;
    const pending = bucket.alive.slice(bucket.used);
    for (let i = 0; i < bucket.peeks; i++) pending.push(this.#newPending(pending.at(-1)));
    const charged = !level.equals(refilled) || bucket.used > 0 || bucket.peeks > 0;
    if (charged || (written !== undefined && this.#isStale(written, refilled, limit))) {
      const state = { level, at: this.#now, pending };
      this.#buckets.set(key, {
        ...state,
        ...(charged ? this.#sure(level, pending) : this.#unsure(written as Written, bucket)),
      });
    } else if (written !== undefined) {
      written.unsure ||= bucket.moved;
    }
  }

  #sure(level: Level, pending: readonly Pending[]): Pick<Written, "mayBeGone" | "peak" | "unsure"> {
    return { mayBeGone: level.isForgettable && pending.length === 0, peak: this.#now, unsure: false };
  }

  /** A store may see that it need not write. Then what lapsed is pending again when the clock steps back. */
  #unsure(written: Written, { alive }: Open): Pick<Written, "mayBeGone" | "peak" | "unsure"> {
    const unsure = written.unsure || alive.length !== written.pending.length;
    return { mayBeGone: this.#mayBeGone(written), peak: written.peak, unsure };
  }

  /** Left as it is, it would add tokens that are not due (D11): a look writes it anew. */
  #isStale({ level, at }: Written, refilled: Level, limit: BucketLimit): boolean {
    if (this.#now < at) return true;
    if (level.forgetsWhenFull && refilled.tokens === BigInt(limit.burst)) return true;
    return !level.aged(this.#now).equals(refilled);
  }

  #newPending(last: Pending | undefined): Pending {
    const earliest = this.#now + this.#lapse;
    const slack = this.#lapse / 16n;
    return { earliest, latest: max(earliest + max(1n, slack), last?.latest ?? 0n) };
  }
}

function giveBack(charge: Charge, bucket: Open): ModelOutcome {
  bucket.level = bucket.level.give(BigInt(charge.hits));
  bucket.moved ||= charge.hits > 0;
  return { ...outcomeOf(charge, bucket, true, false), untilFitsMicros: 0n };
}

function take(charge: Charge, bucket: Open): ModelOutcome {
  const hits = BigInt(charge.hits);
  const fits = bucket.level.tokens >= hits;
  const settled = charge.action === "report" && charge.hits > 0 && bucket.used < bucket.alive.length;
  if (settled) {
    bucket.used += 1;
    settle(bucket, hits);
  } else if (fits) {
    bucket.level = bucket.level.take(hits);
    bucket.moved ||= hits > 0n;
  }
  return outcomeOf(charge, bucket, fits, settled);
}

/** Once the request is refused: only what settles a pending charge is taken. */
function retake(charge: Charge, bucket: Open, first: ModelOutcome): ModelOutcome {
  if (first.settled) settle(bucket, BigInt(charge.hits));
  return outcomeOf(charge, bucket, first.fits, first.settled);
}

/** Takes down to the debt allowed, never adding any. */
function settle(bucket: Open, hits: bigint): void {
  const { tokens } = bucket.level;
  const left = max(BigInt(-bucket.limit.maxDebt), tokens - hits);
  if (left < tokens) bucket.level = bucket.level.take(tokens - left);
  bucket.moved = true;
}

function isAdmitted(charges: readonly Charge[], outcomes: ReadonlyMap<Charge, ModelOutcome>): boolean {
  const fits = (charge: Charge) => outcomes.get(charge)?.fits === true;
  const quotas = charges.filter(({ role }) => role === "quota" || role === "shadow_quota");
  const enforcedFit = charges.every((charge) => charge.role !== "enforced" || fits(charge));
  const quotaFits = quotas.some((charge) => charge.role === "shadow_quota" || fits(charge));
  return enforcedFit && (quotas.length === 0 || quotaFits);
}

function outcomeOf(charge: Charge, { level, limit }: Open, fits: boolean, settled: boolean): ModelOutcome {
  return {
    fits,
    settled,
    tokens: level.tokens,
    untilFullMicros: level.until(BigInt(limit.burst), limit),
    untilFitsMicros: level.until(BigInt(charge.hits), limit),
  };
}
