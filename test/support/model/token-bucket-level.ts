import type { BucketLimit } from "../../../src/limits/limit.js";
import { type Level, type LimitInForce, max, min } from "./level.js";

interface Fields {
  /** Tokens times the period, so that refills are whole: elapsed x rate. */
  readonly units: bigint;
  readonly period: bigint;
  readonly rate: bigint;
  /** The burst in force. */
  readonly burst: bigint;
  /** The largest burst in force since the bucket was last full by it. */
  readonly largest: bigint;
  /** The moment of the last look; undefined: full since ever. */
  readonly now: bigint | undefined;
}

/** A level in fractions of a token. */
class TokenBucketLevel implements Level {
  readonly forgetsWhenFull = true;
  readonly #fields: Fields;

  constructor(fields: Fields) {
    this.#fields = fields;
  }

  get tokens(): bigint {
    const { units, period } = this.#fields;
    const whole = units / period;
    return units < 0n && units % period !== 0n ? whole - 1n : whole;
  }

  get isForgettable(): boolean {
    const { units, period, largest } = this.#fields;
    return units >= largest * period;
  }

  at(now: bigint, limit: LimitInForce): Level {
    const { units, period, rate, largest, now: before } = this.#fields;
    const minted = units + max(0n, now - (before ?? now)) * rate;
    const burst = BigInt(limit.burst);
    return new TokenBucketLevel({
      units: min(minted, burst * period),
      period,
      // A ban is no rate: it takes all tokens at each look, and time goes on.
      rate: burst === 0n && before !== undefined ? rate : BigInt(limit.tokensPerPeriod),
      burst,
      largest: minted >= largest * period ? burst : max(largest, burst),
      now,
    });
  }

  aged(now: bigint): Level {
    const { largest, rate } = this.#fields;
    return this.at(now, { burst: Number(largest), tokensPerPeriod: Number(rate) });
  }

  give(hits: bigint): Level {
    const { units, period, burst } = this.#fields;
    return this.#with(min(units + hits * period, burst * period));
  }

  take(hits: bigint): Level {
    return this.#with(this.#fields.units - hits * this.#fields.period);
  }

  until(wanted: bigint, { tokensPerPeriod }: LimitInForce): bigint | undefined {
    const { units, period, burst } = this.#fields;
    const rate = BigInt(tokensPerPeriod);
    const missing = wanted * period - units;
    if (missing <= 0n) return 0n;
    if (wanted > burst || rate === 0n) return undefined;
    return (missing + rate - 1n) / rate;
  }

  equals(other: Level): boolean {
    if (!(other instanceof TokenBucketLevel)) return false;
    const [one, two] = [this.#fields, other.#fields];
    return one.units === two.units && one.rate === two.rate && one.largest === two.largest;
  }

  #with(units: bigint): Level {
    return new TokenBucketLevel({ ...this.#fields, units });
  }
}

/** A full token bucket (D3). */
export function tokenBucketLevel({ burst, periodMicros, tokensPerPeriod }: BucketLimit): Level {
  const period = BigInt(periodMicros);
  const full = BigInt(burst);
  const rate = BigInt(tokensPerPeriod);
  return new TokenBucketLevel({ units: full * period, period, rate, burst: full, largest: full, now: undefined });
}
