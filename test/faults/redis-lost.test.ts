import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import type { RedisStore } from "../../src/stores/redis/redis-store.js";
import { type Store, StoreFailure } from "../../src/stores/store.js";
import { HOUR, perPeriod, take } from "../conformance/store-harness.js";
import { connectedStore, storeAt, untilReady } from "../support/connected-store.js";
import { failedDecision } from "../support/faults/failed-decision.js";
import { untilDeciding } from "../support/faults/until-deciding.js";
import { freePort } from "../support/free-port.js";
import { type RedisServer, startRedis } from "../support/redis-server.js";
import { until } from "../support/until.js";

/** Far more than Redis needs, so that only what is lost fails. */
const BUDGET = 5_000;
/** What a machine that stalls may add to "at once"; less than the silence (1 s) and the budget. */
const SLACK_MILLIS = 600;
const LIMIT = perPeriod(1_000, 100_000 * HOUR);

let redis: RedisServer;
const opened: Store[] = [];
let keys = 0;

beforeAll(async () => {
  redis = await startRedis();
});

afterEach(async () => {
  await Promise.all(opened.splice(0).map((store) => store.close()));
});

afterAll(() => redis?.stop());

async function openStore(url = redis.url): Promise<RedisStore> {
  const store = await connectedStore({ url });
  opened.push(store);
  return store;
}

function freshKey(): string {
  return `key-${++keys}`;
}

async function tokensLeft(store: Store, key: string): Promise<number> {
  return (await store.decide([take(key, LIMIT, 0, "shadow")], BUDGET)).outcomes[0]!.tokens;
}

/** Decides until it fails with a message that has these words. */
async function untilFailure(store: Store, words: string): Promise<StoreFailure> {
  return await until(`a failure says ${words}`, async () => {
    const failure = await failedDecision(store, [take("a", LIMIT)], BUDGET);
    return failure.message.includes(words) ? failure : undefined;
  });
}

/** How many of these decisions were made; all others must have failed with a StoreFailure. */
async function countDecided(decisions: readonly Promise<unknown>[]): Promise<number> {
  const results = await Promise.allSettled(decisions);
  for (const result of results) if (result.status === "rejected") expect(result.reason).toBeInstanceOf(StoreFailure);
  return results.filter(({ status }) => status === "fulfilled").length;
}

/** Keeps 20 decisions in flight until stopped, at the latest by the end of the test; then tells how many were made, and which failed how slowly. */
function traffic(store: Store, key: string, budgetMillis: number) {
  let isRunning = true;
  const seen = { sent: 0, decided: 0, failed: 0, slowestFailureMillis: 0 };
  const loop = async (): Promise<void> => {
    while (isRunning) {
      const start = performance.now();
      seen.sent += 1;
      try {
        await store.decide([take(key, LIMIT)], budgetMillis);
        seen.decided += 1;
      } catch (error) {
        if (!(error instanceof StoreFailure)) throw error;
        seen.failed += 1;
        seen.slowestFailureMillis = Math.max(seen.slowestFailureMillis, performance.now() - start);
      }
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  };
  const loops = Promise.all(Array.from({ length: 20 }, loop));
  const stop = async (): Promise<void> => {
    isRunning = false;
    await loops;
  };
  onTestFinished(stop);
  return { seen, stop };
}

describe("a Redis that loses", () => {
  it("its scripts between decisions and amid them charges each once", async () => {
    const store = await openStore();
    const key = freshKey();
    await store.decide([take(key, LIMIT)], BUDGET);
    await redis.command("SCRIPT", "FLUSH");
    const decisions = Array.from({ length: 100 }, async () => await store.decide([take(key, LIMIT)], BUDGET));
    const flushed = redis.command("SCRIPT", "FLUSH");
    decisions.push(...Array.from({ length: 100 }, async () => await store.decide([take(key, LIMIT)], BUDGET)));
    expect(await countDecided(decisions)).toBe(200);
    await flushed;
    expect(await tokensLeft(store, key)).toBe(1_000 - 201);
  });

  it("its connections amid decisions charges none twice, and is found again", async () => {
    const store = await openStore();
    const key = freshKey();
    const running = traffic(store, key, BUDGET);
    await until("traffic flows", () => running.seen.decided > 20 || undefined);
    await redis.command("CLIENT", "KILL", "TYPE", "normal");
    const atKill = running.seen.decided;
    await until("a decision failed", () => running.seen.failed > 0 || undefined);
    await until("traffic flows again", () => running.seen.decided > atKill + 40 || undefined);
    await running.stop();
    const { decided, sent } = running.seen;
    const charged = 1_000 - (await tokensLeft(store, key));
    expect(charged).toBeGreaterThanOrEqual(decided);
    expect(charged).toBeLessThanOrEqual(sent);
  });

  it("its life fails decisions at once, and serves again when it is back, without a restart of ours", async () => {
    const store = await openStore();
    const running = traffic(store, freshKey(), BUDGET);
    await until("traffic flows", () => running.seen.decided > 20 || undefined);
    await redis.kill();
    try {
      await until("it is noticed", () => !store.isReady() || undefined);
      const failedBefore = running.seen.failed;
      await until("decisions fail", () => running.seen.failed > failedBefore + 100 || undefined);
      const failure = await untilFailure(store, "is not asked until it answers again");
      expect(failure.kind).toBe("unavailable");
      expect(failure.message).toContain(`no connection to Redis at 127.0.0.1:${redis.port}`);
    } finally {
      await redis.start();
    }
    await untilDeciding(store);
    await running.stop();
    expect(running.seen.slowestFailureMillis).toBeLessThan(SLACK_MILLIS);
    const key = freshKey();
    await store.decide([take(key, LIMIT, 7)], BUDGET);
    expect(await tokensLeft(store, key)).toBe(993);
  });

  it("its role reports that, and is connected to anew", async () => {
    const store = await openStore();
    const key = freshKey();
    await store.decide([take(key, LIMIT)], BUDGET);
    await redis.command("REPLICAOF", "127.0.0.1", String(await freePort()));
    try {
      const failure = await failedDecision(store, [take(key, LIMIT)], BUDGET);
      expect(failure.kind).toBe("error");
      expect(failure.message).toMatch(/^READONLY /);
      await until("the connection was given up", () => !store.isReady() || undefined);
    } finally {
      await redis.command("REPLICAOF", "NO", "ONE");
    }
    await untilReady(store);
    await store.decide([take(key, LIMIT)], BUDGET);
    expect(await tokensLeft(store, key)).toBe(998);
  });
});

describe("a store without Redis", () => {
  it("opens, fails at once, and works as soon as Redis is there", async () => {
    const late = await startRedis();
    await late.stop();
    const store = storeAt({ url: late.url });
    opened.push(store);
    expect(store.isReady()).toBe(false);
    const start = performance.now();
    for (let i = 0; i < 100; i++) {
      expect((await failedDecision(store, [take("a", LIMIT)], BUDGET)).kind).toBe("unavailable");
    }
    expect(performance.now() - start).toBeLessThan(SLACK_MILLIS);
    await late.start();
    await untilDeciding(store);
    expect(await store.decide([take("a", LIMIT)], BUDGET)).toMatchObject({ admitted: true });
    await late.stop();
  });

  it("closes at once, whatever it is waiting for", async () => {
    const nowhere = storeAt({ url: `redis://127.0.0.1:${await freePort()}` });
    await nowhere.close();
    const lost = storeAt({ url: `redis://127.0.0.1:${await freePort()}` });
    await untilFailure(lost, "ECONNREFUSED");
    await lost.close();
    expect((await failedDecision(lost, [take("a", LIMIT)], BUDGET)).kind).toBe("unavailable");
  });
});

describe("a database number that Redis does not have", () => {
  it("fails each decision with Redis' words, and never counts in another database", async () => {
    const store = storeAt({ url: `${redis.url}/999` });
    opened.push(store);
    const failure = await untilFailure(store, "DB index is out of range");
    expect(failure.kind).toBe("unavailable");
    for (let i = 0; i < 20; i++) await expect(store.decide([take("a", LIMIT)], BUDGET)).rejects.toThrow(StoreFailure);
    expect(store.isReady()).toBe(false);
  });
});

describe("a store that closes", () => {
  it("fails what is in flight and what comes after", async () => {
    const store = await openStore();
    const inFlight = Array.from({ length: 10 }, async () => await store.decide([take(freshKey(), LIMIT)], BUDGET));
    const closed = store.close();
    await countDecided(inFlight);
    await closed;
    expect(store.isReady()).toBe(false);
    expect((await failedDecision(store, [take("a", LIMIT)], BUDGET)).kind).toBe("unavailable");
    await store.close();
  });
});

describe("a Redis with a password", () => {
  it("lets in who has it, and never repeats a wrong one", async () => {
    const guarded = await startRedis({ args: ["--requirepass", "s/e%cret"], password: "s/e%cret" });
    try {
      const right = await openStore(`redis://:s%2Fe%25cret@127.0.0.1:${guarded.port}/3`);
      await right.decide([take("a", LIMIT)], BUDGET);
      const keyspace = await guarded.command("INFO", "keyspace");
      expect(keyspace).toContain("db3:keys=1");
      for (const [login, words] of [
        ["me:hush-hush@", "WRONGPASS"],
        ["", "NOAUTH"],
      ]) {
        const wrong = storeAt({ url: `redis://${login}127.0.0.1:${guarded.port}` });
        opened.push(wrong);
        const failure = await untilFailure(wrong, words!);
        expect(failure.kind).toBe("unavailable");
        expect(JSON.stringify([failure.message, failure.stack, failure.cause])).not.toContain("hush");
      }
    } finally {
      await guarded.stop();
    }
  });
});

describe("a Redis behind a unix socket", () => {
  it("is reached by its path", async () => {
    const folder = await mkdtemp(join(tmpdir(), "weir-socket-"));
    const unixSocket = join(folder, "redis socket");
    const server = await startRedis({ unixSocket });
    const store = await openStore(`unix://${unixSocket.replace(" ", "%20")}`);
    expect(await store.decide([take("a", LIMIT)], BUDGET)).toMatchObject({ admitted: true });
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  });
});
