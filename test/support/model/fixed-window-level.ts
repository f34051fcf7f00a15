import type { BucketLimit } from "../../../src/limits/limit.js";
import { type Level, type LimitInForce, min } from "./level.js";

interface Fields {
  readonly tokens: bigint;
  readonly period: bigint;
  /** The burst in force. */
  readonly burst: bigint;
  /** What each window to come brings: the same, but not that of a ban. */
  readonly brings: bigint;
  /** The moment of the last look; undefined: full since ever. */
  readonly now: bigint | undefined;
  /** It became full with the window that runs, and nothing was taken since. */
  readonly isFresh: boolean;
}

/** What one window has left. */
class FixedWindowLevel implements Level {
  readonly forgetsWhenFull = true;
  readonly #fields: Fields;

  constructor(fields: Fields) {
    this.#fields = fields;
  }

  get tokens(): bigint {
    return this.#fields.tokens;
  }

  get isForgettable(): boolean {
    return this.#fields.isFresh;
  }

  at(now: bigint, limit: LimitInForce): Level {
    const { tokens, period, brings, now: before, isFresh } = this.#fields;
    const burst = BigInt(limit.burst);
    const common = { period, burst, brings: burst === 0n && before !== undefined ? brings : burst, now };
    if (before === undefined) return new FixedWindowLevel({ ...common, tokens: burst, isFresh });
    const turns = now / period - before / period;
    if (turns <= 0n) return new FixedWindowLevel({ ...common, tokens: min(tokens, burst), isFresh: false });
    // Full by what the windows brought is full by the burst in force.
    const isFull = tokens + turns * brings >= brings;
    return new FixedWindowLevel({
      ...common,
      tokens: isFull ? burst : min(tokens + turns * brings, burst),
      isFresh: isFull,
    });
  }

  aged(now: bigint): Level {
    return this.at(now, { burst: Number(this.#fields.brings), tokensPerPeriod: 0 });
  }

  give(hits: bigint): Level {
    return this.#with(min(this.tokens + hits, this.#fields.burst));
  }

  take(hits: bigint): Level {
    return this.#with(this.tokens - hits);
  }

  until(wanted: bigint): bigint | undefined {
    const { tokens, period, burst, now } = this.#fields;
    if (wanted <= tokens) return 0n;
    if (wanted > burst || burst === 0n) return undefined;
    const turns = (wanted - tokens + burst - 1n) / burst;
    return ((now as bigint) / period + turns) * period - (now as bigint);
  }

  equals(other: Level): boolean {
    if (!(other instanceof FixedWindowLevel)) return false;
    return other.tokens === this.tokens && other.#fields.brings === this.#fields.brings;
  }

  #with(tokens: bigint): Level {
    return tokens === this.tokens ? this : new FixedWindowLevel({ ...this.#fields, tokens, isFresh: false });
  }
}

/** An untouched window. */
export function fixedWindowLevel(limit: BucketLimit): Level {
  const burst = BigInt(limit.burst);
  const period = BigInt(limit.periodMicros);
  return new FixedWindowLevel({ tokens: burst, period, burst, brings: burst, now: undefined, isFresh: true });
}
