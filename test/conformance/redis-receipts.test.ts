import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Algorithm, BucketLimit } from "../../src/limits/limit.js";
import { type BatchOptions, batchCommand, type Operation, type Receipt } from "../../src/stores/redis/batch-command.js";
import { readBatchReply, readPart, readVerdict } from "../../src/stores/redis/batch-reply.js";
import { openRedisLink } from "../../src/stores/redis/link/open-redis-link.js";
import type { RedisLink } from "../../src/stores/redis/link/redis-link.js";
import { BATCH_SCRIPT } from "../../src/stores/redis/lua-script.js";
import type { Charge } from "../../src/stores/store.js";
import { runs } from "../support/property-runs.js";
import { type ClockedRedis, startClockedRedis } from "../support/redis-clock.js";
import { until } from "../support/until.js";
import { ALGORITHMS, MINUTE, peek, perPeriod, perWindow, refund, report, SECOND, take } from "./store-harness.js";

const OPTIONS: BatchOptions = { keyPrefix: "weir:|{1}", lapseMicros: 15 * MINUTE, givesBack: true };

let redis: ClockedRedis;
let link: RedisLink;
let keys = 0;

beforeAll(async () => {
  redis = await startClockedRedis();
  link = openRedisLink({ url: redis.url, scripts: [BATCH_SCRIPT] });
  await until("the link is ready", () => link.isReady() || undefined);
});

afterAll(async () => {
  await link?.close();
  await redis?.stop();
});

/** Has Redis run these operations in one batch; gives its time and their entries. */
async function batch(...operations: readonly Operation[]) {
  const { keys: names, numbers } = batchCommand(operations, -1, OPTIONS);
  const reply = readBatchReply(await link.run(BATCH_SCRIPT, names, [JSON.stringify(numbers)]), operations.length);
  if (reply === undefined) throw new Error("that is no reply");
  return reply;
}

const whole = (...charges: readonly Charge[]): Operation => ({ kind: "whole", charges });
const part = (...charges: readonly Charge[]): Operation => ({ kind: "part", charges });
const giveBack = (...receipts: readonly Receipt[]): Operation => ({ kind: "give_back", receipts });

/** The receipt for a part of one charge, read from its entry. */
function receiptFor(charge: Charge, nowMicros: number, entry: unknown): Receipt {
  const reply = readPart(entry, [charge]);
  if (reply === undefined || reply.refuses) throw new Error(`that took nothing: ${JSON.stringify(entry)}`);
  const { key, limit, action } = charge;
  const peeks = action === "peek" ? 1 : 0;
  return {
    key,
    limit,
    hits: Number(reply.taken[0]),
    peeks,
    takenAtMicros: nowMicros,
    missing: Number(reply.missing[0]),
  };
}

/** Takes a part of one charge. */
async function partOf(charge: Charge): Promise<Receipt> {
  const { nowMicros, entries } = await batch(part(charge));
  return receiptFor(charge, nowMicros, entries[0]);
}

/** Gives back by this receipt; tells how many hits that were. */
async function givenBy(receipt: Receipt): Promise<unknown> {
  return (await batch(giveBack(receipt))).entries[0];
}

async function tokensOf(key: string, limit: BucketLimit): Promise<number | undefined> {
  const charge = take(key, limit, 0, "shadow");
  return readVerdict((await batch(whole(charge))).entries[0], [charge])?.outcomes[0]?.tokens;
}

async function isAdmitted(charge: Charge): Promise<boolean> {
  return readVerdict((await batch(whole(charge))).entries[0], [charge])?.admitted === true;
}

const fresh = (): string => `key${++keys}`;

describe.for(ALGORITHMS)("by a receipt, a %s", (algorithm) => {
  const limit = perWindow(algorithm, 10, MINUTE);

  /** Away from the ends of windows and of their slots. */
  async function startWindow(): Promise<void> {
    await redis.advance(MINUTE - (redis.nowMicros() % MINUTE) + 100_000);
  }

  it("gets back what a part took, and tells how much", async () => {
    await startWindow();
    const key = fresh();
    await batch(whole(take(key, limit, 2)));
    const receipt = await partOf(take(key, limit, 5));
    expect(receipt).toMatchObject({ hits: 5, missing: 2, peeks: 0, takenAtMicros: redis.nowMicros() });
    expect(await tokensOf(key, limit)).toBe(3);
    await redis.advance(1_000);
    expect(await givenBy(receipt)).toEqual([5]);
    expect(await tokensOf(key, limit)).toBe(8);
  });

  it("gets it back although others took meanwhile", async () => {
    await startWindow();
    const key = fresh();
    await batch(whole(take(key, limit, 2)));
    const receipt = await partOf(take(key, limit, 5));
    await redis.advance(1_000);
    await batch(whole(take(key, limit, 3)));
    expect(await isAdmitted(take(key, limit))).toBe(false);
    await redis.advance(1_000);
    expect(await givenBy(receipt)).toEqual([5]);
    expect(await tokensOf(key, limit)).toBe(5);
  });

  it("is no bucket again when that makes it full", async () => {
    await startWindow();
    const key = fresh();
    const receipt = await partOf(take(key, limit, 10));
    expect(await givenBy(receipt)).toEqual([10]);
    expect(await tokensOf(key, limit)).toBe(10);
    // A window that is full keeps its key to the end; a full token bucket has none.
    if (algorithm === "token_bucket") expect(await redis.command("EXISTS", `weir:|{1}${key}`)).toBe(0);
  });

  it("gets nothing after a refund, in another batch or in the same", async () => {
    await startWindow();
    const [one, two] = [fresh(), fresh()];
    const receipt = await partOf(take(one, limit, 5));
    await redis.advance(1);
    await batch(whole(refund(one, limit, 1)));
    await redis.advance(1);
    expect(await givenBy(receipt)).toEqual([0]);
    expect(await tokensOf(one, limit)).toBe(6);
    const charge = take(two, limit, 5);
    const { nowMicros, entries } = await batch(part(charge), whole(refund(two, limit, 2)));
    await redis.advance(1);
    expect(await givenBy(receiptFor(charge, nowMicros, entries[0]))).toEqual([0]);
    expect(await tokensOf(two, limit)).toBe(7);
  });

  it("gets back what was taken after a refund", async () => {
    await startWindow();
    const key = fresh();
    await batch(whole(take(key, limit, 6)));
    const charge = take(key, limit, 3);
    await redis.advance(1);
    const { nowMicros, entries } = await batch(whole(refund(key, limit, 1)), part(charge));
    await redis.advance(1);
    expect(await givenBy(receiptFor(charge, nowMicros, entries[1]))).toEqual([3]);
    expect(await tokensOf(key, limit)).toBe(5);
  });

  it("gets nothing when it was used under another limit", async () => {
    await startWindow();
    const key = fresh();
    const receipt = await partOf(take(key, limit, 5));
    const smaller = perWindow(algorithm, 7, MINUTE);
    await redis.advance(1_000);
    await batch(whole(take(key, smaller, 1)));
    const before = await tokensOf(key, smaller);
    await redis.advance(1_000);
    const given = (await givenBy({ ...receipt, limit: smaller })) as number[];
    // It never gets more than it had: 5 or fewer, up to 7, whichever limit is in force.
    expect(Number(before) + Number(given[0])).toBeLessThanOrEqual(7);
    if (algorithm !== "sliding_window") expect(given).toEqual([0]);
  });

  it("gets nothing when the clock was stepped back, and forward again", async () => {
    await startWindow();
    await redis.advance(10 * SECOND);
    const [one, two] = [fresh(), fresh()];
    const first = await partOf(take(one, limit, 5));
    const second = await partOf(take(two, limit, 5));
    await redis.advance(-2 * SECOND);
    expect(await givenBy(first)).toEqual([0]);
    await batch(whole(take(two, limit, 1)));
    const left = await tokensOf(two, limit);
    await redis.advance(2 * SECOND + 1_000);
    const [given] = (await givenBy(second)) as number[];
    // In a window it makes no difference when hits were taken; a token bucket may have been filled in between.
    if (algorithm === "token_bucket") expect(given).toBe(0);
    expect(Number(left) + Number(given)).toBeLessThanOrEqual(9);
  });

  it("gets nothing once it was deleted, and stays no bucket", async () => {
    await startWindow();
    const key = fresh();
    const receipt = await partOf(take(key, limit, 5));
    await redis.command("DEL", `weir:|{1}${key}`);
    expect(await givenBy(receipt)).toEqual([0]);
    expect(await redis.command("EXISTS", `weir:|{1}${key}`)).toBe(0);
  });

  it("never holds more than its burst, also when it was deleted and used anew", async () => {
    await startWindow();
    const key = fresh();
    const receipt = await partOf(take(key, limit, 5));
    await redis.command("DEL", `weir:|{1}${key}`);
    await redis.advance(1_000);
    await batch(whole(take(key, limit, 2)));
    await givenBy(receipt);
    expect(await tokensOf(key, limit)).toBeLessThanOrEqual(10);
  });

  it("has a pending charge taken away again, and no other", async () => {
    await startWindow();
    const key = fresh();
    await batch(whole(peek(key, limit)));
    const receipt = await partOf(peek(key, limit));
    expect(receipt).toMatchObject({ hits: 0, peeks: 1 });
    await givenBy(receipt);
    const [first, second] = [report(key, limit, 15), report(key, limit, 1)];
    const { entries } = await batch(whole(first), whole(second));
    expect(readVerdict(entries[0], [first])?.outcomes[0]?.settled).toBe(true);
    expect(readVerdict(entries[1], [second])?.outcomes[0]?.settled).toBe(false);
  });

  it("has the pending charge taken away that its part left, and not an older one, which lapses when it was due", async () => {
    const key = fresh();
    await batch(whole(peek(key, limit)));
    await redis.advance(OPTIONS.lapseMicros / 2);
    await givenBy(await partOf(peek(key, limit)));
    await redis.advance((OPTIONS.lapseMicros * 3) / 4);
    const late = report(key, limit, 1);
    const { entries } = await batch(whole(late));
    expect(readVerdict(entries[0], [late])?.outcomes[0]).toMatchObject({ fits: true, settled: false });
  });
});

describe("a receipt of a window that is over", () => {
  it("is void for a fixed window", async () => {
    const limit = perWindow("fixed_window", 10, MINUTE);
    const key = fresh();
    await redis.advance(MINUTE - (redis.nowMicros() % MINUTE) - 10);
    const receipt = await partOf(take(key, limit, 5));
    await redis.advance(9);
    const again = await partOf(take(key, limit, 2));
    expect(await givenBy(again)).toEqual([2]);
    await redis.advance(1);
    expect(await givenBy(receipt)).toEqual([0]);
    await batch(whole(take(key, limit, 4)));
    expect(await givenBy(receipt)).toEqual([0]);
    expect(await tokensOf(key, limit)).toBe(6);
  });

  it("is void for a sliding window once its slot has left", async () => {
    const limit = perWindow("sliding_window", 10, MINUTE);
    const key = fresh();
    await redis.advance(MINUTE - (redis.nowMicros() % MINUTE));
    const receipt = await partOf(take(key, limit, 5));
    await redis.advance(61 * SECOND - 1);
    await batch(whole(take(key, limit, 3)));
    expect(await tokensOf(key, limit)).toBe(2);
    await redis.advance(1);
    expect(await givenBy(receipt)).toEqual([0]);
    expect(await tokensOf(key, limit)).toBe(7);
  });
});

describe("a receipt of a token bucket", () => {
  const limit = perPeriod(1, SECOND, 10);

  it("is worth less by what the bucket would have gained in vain, had nothing been taken", async () => {
    const key = fresh();
    const receipt = await partOf(take(key, limit, 5));
    await redis.advance(2 * SECOND);
    expect(await givenBy(receipt)).toEqual([3]);
    expect(await tokensOf(key, limit)).toBe(10);
  });

  it("is worth nothing once the bucket has been full again", async () => {
    const key = fresh();
    const receipt = await partOf(take(key, limit, 5));
    await redis.advance(5 * SECOND);
    await batch(whole(take(key, limit, 10)));
    await redis.advance(1);
    expect(await givenBy(receipt)).toEqual([0]);
    expect(await tokensOf(key, limit)).toBe(0);
  });

  it("is worth all while the bucket would not have been full", async () => {
    const key = fresh();
    await batch(whole(take(key, limit, 8)));
    const receipt = await partOf(take(key, limit, 2));
    await redis.advance(3 * SECOND);
    await batch(whole(take(key, limit, 1)));
    await redis.advance(3 * SECOND);
    expect(await givenBy(receipt)).toEqual([2]);
    // 2 of 10 were left, 6 came, 1 was taken.
    expect(await tokensOf(key, limit)).toBe(7);
  });
});

/** What happens to one bucket: takes by whole requests and by parts, some of which are given back later. */
type Step =
  | { readonly kind: "whole"; readonly hits: number }
  | { readonly kind: "part"; readonly hits: number }
  | { readonly kind: "refund"; readonly hits: number }
  | { readonly kind: "give_back"; readonly which: number }
  | { readonly kind: "pass"; readonly micros: number };

const hits = fc.integer({ min: 1, max: 6 });
const arbitraryStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("whole" as const), hits }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("part" as const), hits }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("give_back" as const), which: fc.nat(9) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("pass" as const), micros: fc.nat(400_000) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("pass" as const), micros: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("refund" as const), hits }) },
);

/** Hits that somebody has got (or given, below 0), and when. */
interface Got {
  readonly at: number;
  readonly hits: number;
}

/** How long a receipt may be on its way: longer than any deadline that is set in earnest. */
const OLDEST_RECEIPT_MICROS = 1_500_000;

/** Runs the steps against one bucket; what was given back by receipt has been got by nobody. */
async function gotBy(limit: BucketLimit, steps: readonly Step[]): Promise<readonly Got[]> {
  const key = fresh();
  const got: Got[] = [];
  let receipts: Receipt[] = [];
  for (const step of steps) {
    if (step.kind === "pass") {
      await redis.advance(step.micros);
    } else if (step.kind === "refund") {
      await batch(whole(refund(key, limit, step.hits)));
      got.push({ at: redis.nowMicros(), hits: -step.hits });
    } else if (step.kind === "whole") {
      if (await isAdmitted(take(key, limit, step.hits))) got.push({ at: redis.nowMicros(), hits: step.hits });
    } else if (step.kind === "part") {
      const charge = take(key, limit, step.hits);
      const { nowMicros, entries } = await batch(part(charge));
      if (readPart(entries[0], [charge])?.refuses === false) receipts.push(receiptFor(charge, nowMicros, entries[0]));
    } else if (receipts.length > 0) {
      const [receipt] = receipts.splice(step.which % receipts.length, 1);
      await batch(giveBack(receipt as Receipt));
    }
    // What is not given back in time was admitted.
    const tooOld = (receipt: Receipt): boolean => receipt.takenAtMicros < redis.nowMicros() - OLDEST_RECEIPT_MICROS;
    got.push(...receipts.filter(tooOld).map((each) => ({ at: each.takenAtMicros, hits: each.hits })));
    receipts = receipts.filter((receipt) => !tooOld(receipt));
    // Two calls of Redis are never at the same microsecond.
    await redis.advance(1);
  }
  got.push(...receipts.map((each) => ({ at: each.takenAtMicros, hits: each.hits })));
  return got.sort((a, b) => a.at - b.at);
}

/** The most that may be got from `from` to `to`, both counted. */
function mostBetween(algorithm: Algorithm, limit: BucketLimit, from: number, to: number): number {
  const { burst, tokensPerPeriod, periodMicros: period } = limit;
  if (algorithm === "token_bucket") return burst + Math.floor(((to - from) * tokensPerPeriod) / period);
  if (algorithm === "fixed_window") return burst * (Math.floor(to / period) - Math.floor(from / period) + 1);
  return burst * (Math.floor((to - from) / period) + 1);
}

describe.for(ALGORITHMS)("whatever is given back, a %s", (algorithm) => {
  it("never lets anybody have more than its burst and what time and refunds bring", async () => {
    const limits = fc
      .record({ rate: fc.integer({ min: 1, max: 40 }), burst: fc.integer({ min: 1, max: 12 }) })
      .map(({ rate, burst }) => ({ ...perPeriod(rate, SECOND, burst), algorithm }));
    const histories = fc.array(arbitraryStep, { minLength: 5, maxLength: 40, size: "max" });
    let total = 0;
    const property = fc.asyncProperty(limits, histories, async (limit, steps) => {
      const got = await gotBy(limit, steps);
      total += got.length;
      for (let i = 0; i < got.length; i++) {
        let sum = 0;
        let refunded = 0;
        for (let j = i; j < got.length; j++) {
          const each = got[j] as Got;
          if (each.hits > 0) sum += each.hits;
          else refunded -= each.hits;
          const most = mostBetween(algorithm, limit, (got[i] as Got).at, each.at) + refunded;
          expect(sum, `${JSON.stringify(limit)} ${JSON.stringify(got)}`).toBeLessThanOrEqual(most);
        }
      }
    });
    await fc.assert(property, { numRuns: runs(60) });
    expect(total).toBeGreaterThan(100);
  });
});
