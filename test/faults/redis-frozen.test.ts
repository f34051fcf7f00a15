import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RedisStore } from "../../src/stores/redis/redis-store.js";
import { HOUR, perPeriod, take } from "../conformance/store-harness.js";
import { connectedStore } from "../support/connected-store.js";
import { failedDecision } from "../support/faults/failed-decision.js";
import { untilDeciding } from "../support/faults/until-deciding.js";
import { type RedisServer, startRedis } from "../support/redis-server.js";
import { until } from "../support/until.js";

const BUDGET = 20;
const LONG_BUDGET = 5_000;
const SILENCE_MILLIS = 800;
/** What a machine that stalls may add to a deadline; less than the silence after which all fails. */
const SLACK_MILLIS = 600;
const LIMIT = perPeriod(50, 100_000 * HOUR);

let redis: RedisServer;
let store: RedisStore;

beforeAll(async () => {
  redis = await startRedis();
  store = await connectedStore({ url: redis.url, silenceTimeoutMillis: SILENCE_MILLIS });
});

afterAll(async () => {
  await store?.close();
  await redis?.stop();
});

/** The bytes that this process keeps after a collection. */
function bytesKept(): number {
  setFlagsFromString("--expose-gc");
  (runInNewContext("gc") as () => void)();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

describe("a Redis that stands still", () => {
  it("fails each decision within its budget, then at once, and admits no hit too many when it goes on", async () => {
    await store.decide([take("a", LIMIT, 10)], LONG_BUDGET);
    redis.freeze();
    const kinds: string[] = [];
    try {
      await until("the connection was given up", async () => {
        const start = performance.now();
        kinds.push((await failedDecision(store, [take("a", LIMIT)], BUDGET)).kind);
        expect(performance.now() - start).toBeLessThan(BUDGET + SLACK_MILLIS);
        return kinds.at(-1) === "unavailable" || undefined;
      });
      expect(kinds.slice(0, -1)).toContain("timeout");
      expect(kinds.slice(0, -1)).not.toContain("error");
      // The kernel takes new connections for a process that stands still, but nobody answers there.
      const start = performance.now();
      for (let i = 0; i < 20; i++) {
        expect((await failedDecision(store, [take("a", LIMIT)], LONG_BUDGET)).kind).toBe("unavailable");
      }
      expect(performance.now() - start).toBeLessThan(SLACK_MILLIS);
    } finally {
      redis.thaw();
    }
    await untilDeciding(store);
    const { outcomes } = await store.decide([take("a", LIMIT, 0, "shadow")], LONG_BUDGET);
    // What was sent while it stood still came too late, and was not taken.
    expect(outcomes[0]?.tokens).toBe(40);
    const verdicts = await Promise.all(
      Array.from({ length: 200 }, () => store.decide([take("b", LIMIT)], LONG_BUDGET)),
    );
    expect(verdicts.filter(({ admitted }) => admitted)).toHaveLength(50);
  });

  it("has its unanswered commands forgotten, so that memory stays flat", async () => {
    const patient = await connectedStore({ url: redis.url, silenceTimeoutMillis: 3_000 });
    redis.freeze();
    try {
      const before = bytesKept();
      const failures: Promise<unknown>[] = [];
      for (let i = 0; i < 3_000; i++) {
        failures.push(failedDecision(patient, [take(`${i}-${"x".repeat(10_000)}`, LIMIT)], BUDGET));
      }
      await Promise.all(failures.splice(0));
      // 30 MB were asked for; two calls may be on their way.
      expect(bytesKept() - before).toBeLessThan(5_000_000);
      await until("the connection was given up", () => !patient.isReady() || undefined);
      expect(bytesKept() - before).toBeLessThan(3_000_000);
    } finally {
      redis.thaw();
    }
    await untilDeciding(patient);
    expect(await patient.decide([take("c", LIMIT)], LONG_BUDGET)).toMatchObject({ admitted: true });
    await patient.close();
  });

  it("is left behind by a store that closes, also when its silence ends at that moment", async () => {
    const closing = await connectedStore({ url: redis.url, silenceTimeoutMillis: 40 });
    redis.freeze();
    try {
      const decision = failedDecision(closing, [take("e", LIMIT)], LONG_BUDGET);
      await closing.close();
      expect((await decision).kind).toBe("unavailable");
    } finally {
      redis.thaw();
    }
  });

  it("is not given up when it is only slow", async () => {
    const connections = await clientIds();
    redis.freeze();
    const late = await failedDecision(store, [take("d", LIMIT)], BUDGET);
    redis.thaw();
    expect(late.kind).toBe("timeout");
    const { outcomes } = await store.decide([take("d", LIMIT)], LONG_BUDGET);
    // The first reply came late and was dropped: this is the second's. Whether it was in time to be taken, Redis decided.
    expect(outcomes[0]?.tokens).toBeGreaterThanOrEqual(48);
    expect(outcomes[0]?.tokens).toBeLessThanOrEqual(49);
    expect(await clientIds()).toEqual(connections);
  });
});

/** The connections of stores, as Redis numbers them. */
async function clientIds(): Promise<readonly string[]> {
  const lines = String(await redis.command("CLIENT", "LIST")).split("\n");
  return lines.filter((line) => line.includes(" name=weir ")).map((line) => line.split(" ")[0] ?? "");
}
