import { beforeEach, expect, it } from "vitest";
import type { Algorithm } from "../../../src/limits/limit.js";
import type { Role } from "../../../src/stores/store.js";
import { MINUTE, perWindow, refund, SECOND, type StoreHarness, startPeriod, take, tokensOf } from "../store-harness.js";

/** How long 5 of 10 tokens a minute take to come back that were taken at the start of a minute. */
const HALF_IS_BACK: Readonly<Record<Algorithm, number>> = {
  token_bucket: MINUTE / 2,
  fixed_window: MINUTE,
  sliding_window: MINUTE + SECOND,
};

/** D4 and D6 as far as a store sees them, and D8. */
export function describeAllOrNothing(harness: () => StoreHarness, algorithm: Algorithm): void {
  const LIMIT = perWindow(algorithm, 10, MINUTE);
  /** A bucket into which a charge of 1 does not fit. */
  const NONE = perWindow(algorithm, 0, MINUTE);

  beforeEach(() => startPeriod(harness(), MINUTE));

  async function tokensIn(...keys: string[]): Promise<number[]> {
    const tokens: number[] = [];
    for (const key of keys) tokens.push(await tokensOf(harness(), key, LIMIT));
    return tokens;
  }

  it("charges every limit of an admitted request (D4)", async () => {
    const [a, b] = [harness().freshKey(), harness().freshKey()];
    expect((await harness().decide([take(a, LIMIT, 3), take(b, LIMIT, 4)])).admitted).toBe(true);
    expect(await tokensIn(a, b)).toEqual([7, 6]);
  });

  it("charges nothing at all when one enforced limit refuses, wherever it stands (D4)", async () => {
    const [a, b, shadow] = [harness().freshKey(), harness().freshKey(), harness().freshKey()];
    await harness().decide([take(b, LIMIT, 8)]);
    const good = take(a, LIMIT, 3);
    const bad = take(b, LIMIT, 3);
    for (const charges of [
      [good, bad, take(shadow, LIMIT, 1, "shadow")],
      [bad, take(shadow, LIMIT, 1, "shadow"), good],
    ]) {
      const verdict = await harness().decide(charges);
      expect(verdict.admitted).toBe(false);
      expect(verdict.outcomes.map(({ fits }) => fits)).toEqual(charges.map((charge) => charge !== bad));
      expect(verdict.outcomes.map(({ tokens }) => tokens)).toEqual(charges.map(({ key }) => (key === b ? 2 : 10)));
    }
    expect(await tokensIn(a, b, shadow)).toEqual([10, 2, 10]);
  });

  it("charges a shadow limit that fits, and leaves one alone that does not, which refuses nothing (D4, D6)", async () => {
    const [enforced, fitting, empty] = [harness().freshKey(), harness().freshKey(), harness().freshKey()];
    await harness().decide([take(empty, LIMIT, 9)]);
    const charges = [take(enforced, LIMIT, 2), take(fitting, LIMIT, 2, "shadow"), take(empty, LIMIT, 2, "shadow")];
    const verdict = await harness().decide(charges);
    expect(verdict.admitted).toBe(true);
    expect(verdict.outcomes.map(({ fits }) => fits)).toEqual([true, true, false]);
    expect(await tokensIn(enforced, fitting, empty)).toEqual([8, 8, 1]);
  });

  const quotas: { says: string; roles: [Role, boolean][]; admitted: boolean }[] = [
    {
      says: "one quota that fits is enough",
      roles: [
        ["quota", false],
        ["quota", true],
      ],
      admitted: true,
    },
    {
      says: "quotas refuse when none of them fits",
      roles: [
        ["quota", false],
        ["quota", false],
      ],
      admitted: false,
    },
    {
      says: "a shadow quota counts as one that fits",
      roles: [
        ["quota", false],
        ["shadow_quota", false],
      ],
      admitted: true,
    },
    { says: "a shadow quota alone refuses nothing", roles: [["shadow_quota", false]], admitted: true },
    {
      says: "a plain shadow is no quota",
      roles: [
        ["quota", false],
        ["shadow", true],
      ],
      admitted: false,
    },
    {
      says: "no quota outweighs an enforced limit",
      roles: [
        ["quota", true],
        ["enforced", false],
      ],
      admitted: false,
    },
    {
      says: "no enforced limit stands in for a quota",
      roles: [
        ["quota", false],
        ["enforced", true],
      ],
      admitted: false,
    },
  ];
  for (const { says, roles, admitted } of quotas) {
    it(`decides that ${says}, and charges what fits only when it admits (D4)`, async () => {
      const keys = roles.map(() => harness().freshKey());
      const charges = roles.map(([role, fits], i) => take(keys[i] as string, fits ? LIMIT : NONE, 1, role));
      const verdict = await harness().decide(charges);
      expect(verdict.admitted).toBe(admitted);
      expect(verdict.outcomes.map(({ fits }) => fits)).toEqual(roles.map(([, fits]) => fits));
      const fitting = keys.filter((_, i) => roles[i]?.[1]);
      expect(await tokensIn(...fitting)).toEqual(fitting.map(() => (admitted ? 9 : 10)));
    });
  }

  it("adds up several charges on one bucket in order, without those that do not fit (D4)", async () => {
    const key = harness().freshKey();
    const charges = [6, 5, 3, 1].map((hits) => take(key, LIMIT, hits, "shadow"));
    const { outcomes } = await harness().decide(charges);
    expect(outcomes.map(({ fits }) => fits)).toEqual([true, false, true, true]);
    expect(outcomes.map(({ tokens }) => tokens)).toEqual([4, 4, 1, 0]);
    expect(await tokensIn(key)).toEqual([0]);
  });

  it("refuses when charges fit one by one but not together, and takes none of them (D4)", async () => {
    const key = harness().freshKey();
    const verdict = await harness().decide([take(key, LIMIT, 6), take(key, LIMIT, 6)]);
    expect(verdict.admitted).toBe(false);
    expect(verdict.outcomes.map(({ fits, tokens }) => [fits, tokens])).toEqual([
      [true, 10],
      [false, 10],
    ]);
    expect(await tokensIn(key)).toEqual([10]);
  });

  it("decides over hundreds of buckets in one request", async () => {
    const keys = Array.from({ length: 300 }, () => harness().freshKey());
    const full = await harness().decide(keys.map((key) => take(key, LIMIT, 10)));
    expect(full.admitted).toBe(true);
    expect(new Set(full.outcomes.map(({ tokens }) => tokens))).toEqual(new Set([0]));
    const last = harness().freshKey();
    const refused = await harness().decide([take(last, LIMIT, 1), ...keys.map((key) => take(key, LIMIT, 1))]);
    expect(refused.admitted).toBe(false);
    expect(await tokensIn(last, keys[0] as string)).toEqual([10, 0]);
  });

  it("gives refunds before it takes, wherever they stand in the request (D4, D8)", async () => {
    const key = harness().freshKey();
    await harness().decide([take(key, LIMIT, 10)]);
    const { admitted, outcomes } = await harness().decide([take(key, LIMIT, 4), refund(key, LIMIT, 5)]);
    expect(admitted).toBe(true);
    expect(outcomes.map(({ fits, tokens }) => [fits, tokens])).toEqual([
      [true, 1],
      [true, 5],
    ]);
    expect(outcomes[1]).toMatchObject({ settled: false, untilFitsMicros: 0, untilFullMicros: HALF_IS_BACK[algorithm] });
    expect(await tokensIn(key)).toEqual([1]);
  });

  it("gives refunds up to the burst, and no more (D8)", async () => {
    const key = harness().freshKey();
    await harness().decide([take(key, LIMIT, 3)]);
    expect((await harness().decide([refund(key, LIMIT, 2)])).outcomes[0]).toMatchObject({ tokens: 9 });
    expect((await harness().decide([refund(key, LIMIT, 1_000)])).outcomes[0]).toMatchObject({ tokens: 10 });
    expect(await tokensIn(key)).toEqual([10]);
  });

  it("gives refunds even when the request is refused (D8)", async () => {
    const [back, other] = [harness().freshKey(), harness().freshKey()];
    await harness().decide([take(back, LIMIT, 10)]);
    const { admitted, outcomes } = await harness().decide([refund(back, LIMIT, 4), take(other, LIMIT, 11)]);
    expect(admitted).toBe(false);
    expect(outcomes.map(({ fits, tokens }) => [fits, tokens])).toEqual([
      [true, 4],
      [false, 10],
    ]);
    expect(await tokensIn(back, other)).toEqual([4, 10]);
  });

  it("leaves a bucket full that does not exist when it gets a refund (D8)", async () => {
    const key = harness().freshKey();
    const verdict = await harness().decide([refund(key, LIMIT, 5)]);
    expect(verdict).toMatchObject({ admitted: true, outcomes: [{ fits: true, tokens: 10, untilFullMicros: 0 }] });
    expect((await harness().decide([take(key, LIMIT, 11)])).admitted).toBe(false);
    expect((await harness().decide([take(key, LIMIT, 10)])).admitted).toBe(true);
  });

  it("does not count a refund as a quota, neither for nor against (D8)", async () => {
    const [back, other] = [harness().freshKey(), harness().freshKey()];
    await harness().decide([take(back, LIMIT, 5)]);
    const beside = await harness().decide([refund(back, LIMIT, 1, "quota"), take(other, LIMIT, 1)]);
    expect(beside.admitted).toBe(true);
    const alone = await harness().decide([refund(back, LIMIT, 1, "quota"), take(other, NONE, 1, "quota")]);
    expect(alone.admitted).toBe(false);
  });
}
