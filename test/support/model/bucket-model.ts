import type { Charge } from "../../../src/stores/store.js";

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

/** A bucket as last written. Levels are in tokens times the period, so that refills are whole: elapsed x rate. */
interface Written {
  readonly level: bigint;
  readonly at: bigint;
  readonly rate: bigint;
  readonly pending: readonly Pending[];
  /** The latest that the clock has been since. */
  peak: bigint;
  /** The smallest burst it was seen with since. */
  smallestBurst: bigint;
  /** It was seen full since, so that a store may have dropped it. */
  seenFull: boolean;
  /** Charges came to nothing in sum, so that a store may have written it or not. */
  unsure: boolean;
}

/** A bucket in the middle of a decision. */
interface Open {
  readonly written: Written | undefined;
  readonly period: bigint;
  readonly rate: bigint;
  readonly burst: bigint;
  readonly maxDebt: bigint;
  readonly refilled: bigint;
  readonly wasCut: boolean;
  readonly alive: readonly Pending[];
  level: bigint;
  used: number;
  peeks: number;
  moved: boolean;
}

/**
 * The contract in exact arithmetic, as a store sees it: D2 to D5, D8 and D11 of the design, on fractions of BigInt.
 * It shares no code with src and was not made to be fast.
 */
export class BucketModel {
  readonly #buckets = new Map<string, Written>();
  readonly #lapse: bigint;
  #now = 0n;

  constructor(pendingLapseMicros: number) {
    this.#lapse = BigInt(pendingLapseMicros);
  }

  /** Moves the clock, also back. */
  advance(micros: number): void {
    this.#now += BigInt(micros);
    for (const bucket of this.#buckets.values()) bucket.peak = max(bucket.peak, this.#now);
  }

  /**
   * Whether the contract leaves open what happens to the charge's bucket now: its pending charges are about to lapse,
   * or it was full for a while and so may be gone, which shows when its burst grows or the clock steps back.
   */
  isOpenToChoice(charge: Charge): boolean {
    const written = this.#buckets.get(charge.key);
    if (written === undefined) return false;
    if (written.pending.some(({ earliest, latest }) => earliest <= this.#now && this.#now < latest)) return true;
    if (written.unsure && this.#now < written.peak) return true;
    const period = BigInt(charge.limit.periodMicros);
    const highest = written.level + (written.peak - written.at) * written.rate;
    const seenFull = written.seenFull || highest >= written.smallestBurst * period;
    if (!seenFull) return false;
    return this.#now < written.peak || this.#levelNow(written) < BigInt(charge.limit.burst) * period;
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

  #levelNow({ level, at, rate }: Written): bigint {
    return level + max(0n, this.#now - at) * rate;
  }

  #open({ key, limit }: Charge): Open {
    const written = this.#buckets.get(key);
    const period = BigInt(limit.periodMicros);
    const burst = BigInt(limit.burst);
    const level = written === undefined ? burst * period : this.#levelNow(written);
    const refilled = level < burst * period ? level : burst * period;
    return {
      written,
      period,
      burst,
      rate: BigInt(limit.tokensPerPeriod),
      maxDebt: BigInt(limit.maxDebt),
      refilled,
      wasCut: level > refilled,
      alive: written?.pending.filter(({ latest }) => this.#now < latest) ?? [],
      level: refilled,
      used: 0,
      peeks: 0,
      moved: false,
    };
  }

  #write(key: string, bucket: Open): void {
    const { written, level, refilled, burst, period, rate } = bucket;
    const pending = bucket.alive.slice(bucket.used);
    for (let i = 0; i < bucket.peeks; i++) pending.push(this.#newPending(pending.at(-1)));
    const full = level === burst * period;
    const charged = level !== refilled || bucket.used > 0 || bucket.peeks > 0;
    const due = charged || (written !== undefined && (this.#now < written.at || rate !== written.rate));
    if (full && pending.length === 0 && (charged || written === undefined)) {
      this.#buckets.delete(key);
    } else if (due || (bucket.wasCut && written !== undefined)) {
      const at = this.#now;
      this.#buckets.set(key, {
        level,
        at,
        rate,
        pending,
        peak: at,
        smallestBurst: burst,
        seenFull: full,
        unsure: false,
      });
    } else if (written !== undefined) {
      written.seenFull ||= full;
      written.unsure ||= bucket.moved;
      if (burst < written.smallestBurst) written.smallestBurst = burst;
    }
  }

  #newPending(last: Pending | undefined): Pending {
    const earliest = this.#now + this.#lapse;
    const slack = this.#lapse / 16n;
    return { earliest, latest: max(earliest + max(1n, slack), last?.latest ?? 0n) };
  }
}

function giveBack(charge: Charge, bucket: Open): ModelOutcome {
  const full = bucket.burst * bucket.period;
  const level = bucket.level + BigInt(charge.hits) * bucket.period;
  bucket.moved ||= charge.hits > 0;
  bucket.level = level < full ? level : full;
  return { ...outcomeOf(charge, bucket, true, false), untilFitsMicros: 0n };
}

function take(charge: Charge, bucket: Open): ModelOutcome {
  const cost = BigInt(charge.hits) * bucket.period;
  const fits = bucket.level >= cost;
  const settled = charge.action === "report" && charge.hits > 0 && bucket.used < bucket.alive.length;
  if (settled) {
    bucket.used += 1;
    settle(bucket, cost);
  } else if (fits) {
    bucket.level -= cost;
    bucket.moved ||= cost > 0n;
  }
  return outcomeOf(charge, bucket, fits, settled);
}

/** Once the request is refused: only what settles a pending charge is taken. */
function retake(charge: Charge, bucket: Open, first: ModelOutcome): ModelOutcome {
  if (first.settled) settle(bucket, BigInt(charge.hits) * bucket.period);
  return outcomeOf(charge, bucket, first.fits, first.settled);
}

/** Takes whole tokens down to the debt allowed, never adding any; the fraction of a token stays. */
function settle(bucket: Open, cost: bigint): void {
  const fraction = ((bucket.level % bucket.period) + bucket.period) % bucket.period;
  const lowest = -bucket.maxDebt * bucket.period + fraction;
  const wanted = max(lowest, bucket.level - cost);
  if (wanted < bucket.level) bucket.level = wanted;
  bucket.moved = true;
}

function isAdmitted(charges: readonly Charge[], outcomes: ReadonlyMap<Charge, ModelOutcome>): boolean {
  const fits = (charge: Charge) => outcomes.get(charge)?.fits === true;
  const quotas = charges.filter(({ role }) => role === "quota" || role === "shadow_quota");
  const enforcedFit = charges.every((charge) => charge.role !== "enforced" || fits(charge));
  const quotaFits = quotas.some((charge) => charge.role === "shadow_quota" || fits(charge));
  return enforcedFit && (quotas.length === 0 || quotaFits);
}

function outcomeOf(charge: Charge, bucket: Open, fits: boolean, settled: boolean): ModelOutcome {
  const whole = bucket.level / bucket.period;
  const tokens = bucket.level < 0n && bucket.level % bucket.period !== 0n ? whole - 1n : whole;
  return {
    fits,
    settled,
    tokens,
    untilFullMicros: until(bucket.burst, bucket),
    untilFitsMicros: until(BigInt(charge.hits), bucket),
  };
}

function until(wanted: bigint, { level, period, rate, burst }: Open): bigint | undefined {
  const missing = wanted * period - level;
  if (missing <= 0n) return 0n;
  if (wanted > burst || rate === 0n) return undefined;
  return (missing + rate - 1n) / rate;
}

function max(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}
