import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type BatchOptions, batchCommand, type Operation } from "../../src/stores/redis/batch-command.js";
import { readBatchReply, readVerdict } from "../../src/stores/redis/batch-reply.js";
import { openRedisLink } from "../../src/stores/redis/link/open-redis-link.js";
import type { RedisLink } from "../../src/stores/redis/link/redis-link.js";
import { BATCH_SCRIPT } from "../../src/stores/redis/lua-script.js";
import type { Action, Charge, Role } from "../../src/stores/store.js";
import { BucketModel, type ModelVerdict } from "../support/model/bucket-model.js";
import { runs } from "../support/property-runs.js";
import { type ClockedRedis, startClockedRedis } from "../support/redis-clock.js";
import { until } from "../support/until.js";
import { MINUTE, perPeriod, perWindow, SECOND, take } from "./store-harness.js";

const LAPSE = 16 * SECOND;
const LIMITS = [
  ...[perPeriod(3, SECOND, 8), perPeriod(70, MINUTE, 20, 5)],
  ...[perWindow("fixed_window", 9, SECOND), perWindow("sliding_window", 12, 10 * SECOND, 4)],
];

let redis: ClockedRedis;
let link: RedisLink;
let names = 0;

beforeAll(async () => {
  redis = await startClockedRedis();
  link = openRedisLink({ url: redis.url, scripts: [BATCH_SCRIPT] });
  await until("the link is ready", () => link.isReady() || undefined);
});

afterAll(async () => {
  await link?.close();
  await redis?.stop();
});

async function run(operations: readonly Operation[], notAfterMicros = -1, givesBack = false) {
  const options: BatchOptions = { keyPrefix: "b|", lapseMicros: LAPSE, givesBack };
  const { keys, numbers } = batchCommand(operations, notAfterMicros, options);
  return readBatchReply(await link.run(BATCH_SCRIPT, keys, [JSON.stringify(numbers)]), operations.length);
}

interface Draft {
  readonly bucket: number;
  readonly role: Role;
  readonly action: Action;
  readonly hits: number;
}

const draft: fc.Arbitrary<Draft> = fc.record({
  bucket: fc.nat(LIMITS.length - 1),
  role: fc.constantFrom<Role>("enforced", "enforced", "shadow", "quota", "shadow_quota"),
  action: fc.constantFrom<Action>("take", "take", "report", "peek", "refund"),
  hits: fc.nat(9),
});
const request = fc.array(draft, { minLength: 1, maxLength: 4 });
const arbitraryBatch = fc.record({
  micros: fc.oneof(fc.constant(0), fc.nat(3_000_000)),
  requests: fc.array(request, { minLength: 1, maxLength: 12, size: "max" }),
});

/** The charges of a request on buckets whose behaviour the contract does not leave open. */
function chargesOf(drafts: readonly Draft[], model: BucketModel, generations: number[], name: string): Charge[] {
  const refunded = new Set<number>();
  return drafts.flatMap(({ bucket, role, action, hits }) => {
    // The contract does not say what a first refund tells of a bucket that a second one fills.
    if (action === "refund" && refunded.has(bucket)) return [];
    if (action === "refund") refunded.add(bucket);
    const limit = LIMITS[bucket] as (typeof LIMITS)[number];
    const charge = { limit, role, action, hits: action === "peek" ? 0 : hits };
    const key = (): string => `${name}|${bucket}|${generations[bucket]}`;
    if (model.isOpenToChoice({ ...charge, key: key() })) generations[bucket] = Number(generations[bucket]) + 1;
    return [{ ...charge, key: key() }];
  });
}

function expectSame(entry: unknown, charges: readonly Charge[], expected: ModelVerdict): void {
  const verdict = readVerdict(entry, charges);
  expect(verdict?.admitted).toBe(expected.admitted);
  expect(verdict?.outcomes.map(({ fits, settled, tokens }) => ({ fits, settled, tokens }))).toEqual(
    expected.outcomes.map(({ fits, settled, tokens }) => ({ fits, settled, tokens: Number(tokens) })),
  );
}

describe.for([false, true])("requests of one batch (that may be given back: %s)", (givesBack) => {
  it("are decided as if one came after the other", async () => {
    let requests = 0;
    const property = fc.asyncProperty(fc.array(arbitraryBatch, { minLength: 1, maxLength: 6 }), async (batches) => {
      const name = `n${++names}`;
      const model = new BucketModel(LAPSE, redis.nowMicros());
      const generations = LIMITS.map(() => 0);
      for (const { micros, requests: drafts } of batches) {
        await redis.advance(micros);
        model.advance(micros);
        const decided = drafts.map((each) => {
          const charges = chargesOf(each, model, generations, name);
          return { charges, expected: model.decide(charges) };
        });
        const reply = await run(
          decided.map(({ charges }) => ({ kind: "whole", charges })),
          -1,
          givesBack,
        );
        decided.forEach(({ charges, expected }, i) => {
          expectSame(reply?.entries[i], charges, expected);
        });
        requests += decided.length;
      }
    });
    await fc.assert(property, { numRuns: runs(100) });
    expect(requests).toBeGreaterThan(300);
  });
});

describe("a batch", () => {
  const limit = perPeriod(5, MINUTE);

  it("is charged up to the moment that it names, and not a microsecond later", async () => {
    const operation: Operation = { kind: "whole", charges: [take("late", limit)] };
    expect((await run([operation], redis.nowMicros()))?.entries).toEqual([[1, 1, 4, 12 * SECOND, 0]]);
    expect((await run([operation, operation], redis.nowMicros() - 1))?.entries).toEqual(["LATE", "LATE"]);
    expect((await run([operation], -1))?.entries).toEqual([[1, 1, 3, 24 * SECOND, 0]]);
  });

  it("tells Redis' time, also when it came too late", async () => {
    expect((await run([{ kind: "whole", charges: [take("time", limit)] }], 0))?.nowMicros).toBe(redis.nowMicros());
  });
});
