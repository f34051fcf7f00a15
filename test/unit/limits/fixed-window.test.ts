import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type FixedWindowState, fixedWindow } from "../../../src/limits/fixed-window.js";
import { fits } from "../../../src/limits/hits.js";
import { type BucketLimit, MAX_HITS } from "../../../src/limits/limit.js";
import { arbitraryRefillingLimit, ofAnySize } from "../../support/model/arbitrary-limits.js";
import { runs } from "../../support/property-runs.js";

const MINUTE = 60_000_000;
/** The start of a minute, of an hour and of a day. */
const START = 1_795_392_000_000_000;
const { refill, refund, charge, microsUntil, keptMicros, isOutdated } = fixedWindow;

function limitOf(burst: number, periodMicros = MINUTE): BucketLimit {
  return { algorithm: "fixed_window", tokensPerPeriod: burst, periodMicros, burst, maxDebt: burst };
}

function stateOf(tokens: number, burst: number): FixedWindowState {
  return { window: START / MINUTE, tokens, burst, pending: [] };
}

/** The tokens of a window of the minute that starts at START, so many microseconds after that. */
function tokensAfter(stored: FixedWindowState, limit: BucketLimit, elapsed: number): number {
  return refill(stored, limit, START + elapsed).tokens;
}

describe("a fixed window", () => {
  it("is full where nothing is stored", () => {
    expect(refill(undefined, limitOf(7), START + 1)).toEqual(stateOf(7, 7));
  });

  it("keeps its tokens to its last microsecond, and is full in the next", () => {
    const limit = limitOf(7);
    expect(tokensAfter(stateOf(2, 7), limit, MINUTE - 1)).toBe(2);
    expect(tokensAfter(stateOf(2, 7), limit, MINUTE)).toBe(7);
    expect(tokensAfter(stateOf(2, 7), limit, 1_000 * MINUTE)).toBe(7);
  });

  it("pays a debt with the windows that follow, and keeps nothing above the limit", () => {
    const tokens = [0, 1, 2, 3, 4, 5].map((windows) => tokensAfter(stateOf(-25, 10), limitOf(10), windows * MINUTE));
    expect(tokens).toEqual([-25, -15, -5, 5, 10, 10]);
  });

  it("admits per window what envoyproxy/ratelimit does: hits are counted by floor(now / period)", () => {
    const history = arbitraryRefillingLimit("fixed_window").chain((limit) => {
      const wait = fc.oneof(fc.nat(3), fc.nat({ max: Math.floor(limit.periodMicros / 3) }));
      const hits = fc.oneof(fc.nat(3), ofAnySize(Math.ceil(limit.burst / 2)));
      return fc.record({ limit: fc.constant(limit), requests: fc.array(fc.record({ wait, hits }), { maxLength: 40 }) });
    });
    const property = fc.property(history, ({ limit, requests }) => {
      const counted = new Map<bigint, bigint>();
      let now = START;
      let stored: FixedWindowState | undefined;
      for (const { wait, hits } of requests) {
        now += wait;
        const refilled = refill(stored, limit, now);
        const fitting = fits(refilled.tokens, hits);
        if (fitting) stored = charge(refilled, refilled.tokens - hits, [], limit, now);
        const window = BigInt(now) / BigInt(limit.periodMicros);
        const sum = (counted.get(window) ?? 0n) + BigInt(hits);
        expect(fitting).toBe(sum <= BigInt(limit.burst));
        if (fitting) counted.set(window, sum);
      }
    });
    fc.assert(property, { numRuns: runs(500) });
  });

  it("refuses until exactly the promised microsecond, and admits at it", () => {
    const bucket = arbitraryRefillingLimit("fixed_window").chain((limit) =>
      fc.record({
        limit: fc.constant(limit),
        tokens: fc.integer({ min: -limit.maxDebt, max: limit.burst }),
        wanted: fc.integer({ min: 0, max: limit.burst }),
        elapsed: fc.nat({ max: limit.periodMicros - 1 }),
      }),
    );
    const property = fc.property(bucket, ({ limit, tokens, wanted, elapsed }) => {
      const now = START + elapsed;
      const stored = charge(refill(undefined, limit, now), tokens, [], limit, now);
      const promised = microsUntil(wanted, tokens, stored, limit, now);
      if (promised === 0) {
        expect(fits(tokens, wanted)).toBe(true);
        return;
      }
      fc.pre(now + promised <= Number.MAX_SAFE_INTEGER);
      expect(fits(refill(stored, limit, now + promised - 1).tokens, wanted)).toBe(false);
      expect(fits(refill(stored, limit, now + promised).tokens, wanted)).toBe(true);
    });
    fc.assert(property, { numRuns: runs(1_000) });
  });

  it("promises nothing that no window can hold, nor anything where there is no limit to pay with", () => {
    const never = Number.POSITIVE_INFINITY;
    expect(microsUntil(8, 7, stateOf(7, 7), limitOf(7), START)).toBe(never);
    expect(microsUntil(0, -3, stateOf(-3, 0), limitOf(0), START)).toBe(never);
    expect(microsUntil(0, 0, stateOf(0, 0), limitOf(0), START)).toBe(0);
  });
});

describe("a fixed window under a new limit", () => {
  it("is not filled by a larger one, and is cut by a smaller one (D11)", () => {
    expect(refill(stateOf(3, 10), limitOf(100), START)).toEqual(stateOf(3, 100));
    expect(refill(stateOf(9, 10), limitOf(4), START)).toEqual(stateOf(4, 4));
    expect(tokensAfter(stateOf(3, 10), limitOf(4), 0)).toBe(3);
  });

  it("is full by the new limit in the next window, as one is of which nothing is stored", () => {
    expect(tokensAfter(stateOf(3, 10), limitOf(100), MINUTE)).toBe(100);
    expect(tokensAfter(stateOf(3, 100), limitOf(10), MINUTE)).toBe(10);
  });

  it("is paid back by the old limit for the windows before it (D11)", () => {
    const tokens = [1, 2, 3].map((windows) => tokensAfter(stateOf(-15, 10), limitOf(1_000), windows * MINUTE));
    expect(tokens).toEqual([-5, 5, 1_000]);
    expect(tokensAfter(stateOf(-15, 10), limitOf(3), 2 * MINUTE)).toBe(3);
    expect(tokensAfter(stateOf(-15, 0), limitOf(10), 9 * MINUTE)).toBe(-15);
  });

  it("goes on as before while a ban is in force, which takes all its tokens", () => {
    const banned = refill(stateOf(-15, 10), limitOf(0), START + MINUTE);
    expect(banned).toMatchObject({ tokens: -5, burst: 10 });
    expect(keptMicros(banned, limitOf(0), START + MINUTE)).toBe(2 * MINUTE);
    expect(refill(banned, limitOf(0), START + 2 * MINUTE)).toMatchObject({ tokens: 0, burst: 10 });
  });
});

describe("a clock that steps back", () => {
  it("brings the window back without another burst (D11)", () => {
    const back = refill(stateOf(3, 10), limitOf(10), START - 1);
    expect(back).toEqual({ ...stateOf(3, 10), window: START / MINUTE - 1 });
  });

  it("leaves a debt as it is (D11)", () => {
    expect(tokensAfter(stateOf(-3, 10), limitOf(10), -5 * MINUTE)).toBe(-3);
  });
});

describe("a refund to a fixed window", () => {
  it("gives back up to the limit, out of a debt too (D8)", () => {
    const limit = limitOf(10);
    const left = [0, 3, 8, 9, MAX_HITS].map((hits) => refund(stateOf(2, 10), hits, limit).tokens);
    expect(left).toEqual([2, 5, 10, 10, 10]);
    expect(refund(stateOf(-8, 10), 9, limit)).toEqual(stateOf(1, 10));
  });

  it("changes nothing where there is nothing to give back", () => {
    for (const [tokens, hits] of [
      [3, 0],
      [10, 5],
    ] as const) {
      const state = stateOf(tokens, 10);
      expect(refund(state, hits, limitOf(10))).toBe(state);
    }
  });
});

describe("a stored fixed window", () => {
  function isOutdatedAfter(stored: FixedWindowState, elapsed: number, limit: BucketLimit): boolean {
    return isOutdated(stored, refill(stored, limit, START + elapsed), limit);
  }

  it("still holds after time has passed, in debt also in other windows", () => {
    expect(isOutdatedAfter(stateOf(3, 10), 0, limitOf(10))).toBe(false);
    expect(isOutdatedAfter(stateOf(3, 10), MINUTE - 1, limitOf(10))).toBe(false);
    expect(isOutdatedAfter(stateOf(10, 10), 1, limitOf(10))).toBe(false);
    expect(isOutdatedAfter(stateOf(-30, 10), 2 * MINUTE, limitOf(10))).toBe(false);
  });

  it("is kept to the end of its window, and in debt until it is full (D11)", () => {
    const now = START + 20;
    const kept = [10, 3, 0, -1, -10, -11].map((tokens) => keptMicros(stateOf(tokens, 10), limitOf(10), now) + 20);
    expect(kept).toEqual([MINUTE, MINUTE, MINUTE, 2 * MINUTE, 2 * MINUTE, 3 * MINUTE]);
    expect(keptMicros(stateOf(-1, 0), limitOf(0), now)).toBe(Number.POSITIVE_INFINITY);
  });

  it("is outdated by a step back to another window, another limit, and a window that is full (D11)", () => {
    expect(isOutdatedAfter(stateOf(3, 10), -1, limitOf(10))).toBe(true);
    expect(isOutdatedAfter(stateOf(3, 10), 0, limitOf(11))).toBe(true);
    expect(isOutdatedAfter(stateOf(3, 10), MINUTE, limitOf(10))).toBe(true);
    expect(isOutdatedAfter(stateOf(3, 10), 0, limitOf(0))).toBe(true);
  });
});
