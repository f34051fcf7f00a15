import { setImmediate as nextTurn } from "node:timers/promises";
import { Redis } from "ioredis";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { RedisStore } from "../../src/stores/redis/redis-store.js";
import type { Verdict } from "../../src/stores/store.js";
import { HOUR, perPeriod, take } from "../conformance/store-harness.js";
import { connectedStore, failureOf, untilIdle } from "../support/connected-store.js";
import { type RedisServer, startRedis } from "../support/redis-server.js";

/** More than any decision here needs: this is not about deadlines. */
const BUDGET = 10_000;
const LIMIT = perPeriod(100, 100_000 * HOUR);

let redis: RedisServer;
let store: RedisStore;

beforeAll(async () => {
  redis = await startRedis();
});

afterAll(() => redis?.stop());

beforeEach(async () => {
  await redis.command("FLUSHALL");
  store = await connectedStore({ url: redis.url, denyCacheSize: 0, silenceTimeoutMillis: 20_000 });
  // The first call takes what comes with a new connection along.
  await store.decide([take("first", LIMIT)], BUDGET);
  await redis.command("CONFIG", "RESETSTAT");
});

afterEach(async () => {
  if (redis.isRunning()) redis.thaw();
  await store?.close();
});

function decide(key: string, hits = 1): Promise<Verdict> {
  return Promise.resolve(store.decide([take(key, LIMIT, hits)], BUDGET));
}

function decideAll(keys: readonly string[]): Promise<Verdict[]> {
  return Promise.all(keys.map((key) => decide(key)));
}

/** Calls and decisions in them since `before`. */
function callsSince(before: { calls: number; decisions: number }): { calls: number; decisions: number } {
  const now = callsSoFar();
  return { calls: now.calls - before.calls, decisions: now.decisions - before.decisions };
}

function callsSoFar(): { calls: number; decisions: number } {
  const { batchSizes } = store.figures().counts;
  return { calls: batchSizes.cumulativeCounts().at(-1) ?? 0, decisions: batchSizes.sum };
}

/** How often Redis ran these commands since the statistics were reset. */
async function timesRun(...names: readonly string[]): Promise<number[]> {
  const text = String(await redis.command("INFO", "commandstats"));
  return names.map((name) => Number(new RegExp(`cmdstat_${name}:calls=(\\d+)`).exec(text)?.[1] ?? 0));
}

/** The keys of each call that Redis runs while `work` goes on. */
async function keysOfCalls(work: () => Promise<unknown>): Promise<readonly (readonly string[])[]> {
  const client = new Redis({ port: redis.port, host: "127.0.0.1" });
  const monitor = await client.monitor();
  const calls: (readonly string[])[] = [];
  monitor.on("monitor", (_time: string, [name = "", , count = "0", ...rest]: string[]) => {
    if (name.toLowerCase() === "evalsha") calls.push(rest.slice(0, Number(count)));
  });
  await work();
  // What was sent before this is seen before this.
  const seen = new Promise<void>((resolve) => {
    monitor.on("monitor", (_time: string, [name = ""]: string[]) => name.toLowerCase() === "echo" && resolve());
  });
  await redis.command("ECHO", "end");
  await seen;
  monitor.disconnect();
  client.disconnect();
  return calls;
}

const names = (count: number, prefix = "k"): string[] => Array.from({ length: count }, (_, i) => `${prefix}${i}`);

describe("decisions of one turn of the event loop", () => {
  it("go to Redis in one call", async () => {
    const before = callsSoFar();
    const first = decideAll(names(10));
    process.nextTick(() => void decide("ticked"));
    await Promise.resolve().then(() => void decide("later"));
    expect((await first).every(({ admitted }) => admitted)).toBe(true);
    await untilIdle(store);
    expect(callsSince(before)).toEqual({ calls: 1, decisions: 12 });
    expect(await timesRun("evalsha", "eval")).toEqual([1, 0]);
  });

  it("are sent at the end of that turn when nothing is in flight, be it one alone", async () => {
    const answer = decide("a");
    expect(store.figures()).toMatchObject({ queued: 1, callsInFlight: 0 });
    await nextTurn();
    expect(store.figures()).toMatchObject({ queued: 0, callsInFlight: 1 });
    expect((await answer).admitted).toBe(true);
  });

  it("on one bucket cost one read and one write, whatever their number", async () => {
    const verdicts = await decideAll(Array.from({ length: 200 }, () => "hot"));
    expect(verdicts.filter(({ admitted }) => admitted)).toHaveLength(100);
    expect(await timesRun("evalsha", "get", "set", "time")).toEqual([1, 1, 1, 1]);
    await decideAll(Array.from({ length: 200 }, () => "hot"));
    // All refused: nothing to write.
    expect(await timesRun("evalsha", "get", "set")).toEqual([2, 2, 1]);
  });

  it("are served first come, first served", async () => {
    const verdicts = await decideAll(Array.from({ length: 300 }, () => "hot"));
    expect(verdicts.map(({ admitted }) => admitted)).toEqual(verdicts.map((_, i) => i < 100));
    expect(verdicts.map(({ outcomes }) => outcomes[0]?.tokens)).toEqual(verdicts.map((_, i) => Math.max(0, 99 - i)));
  });

  it("keep their order among those that ask for more than is left", async () => {
    const hits = [60, 50, 30, 20, 10, 1];
    const verdicts = await Promise.all(hits.map((each) => decide("hot", each)));
    expect(verdicts.map(({ admitted }) => admitted)).toEqual([true, false, true, false, true, false]);
  });

  it("fail alone where their key is of another type", async () => {
    await redis.command("LPUSH", "weir:|bad", "x");
    const before = callsSoFar();
    const both = store.decide([take("k1", LIMIT, 7), take("bad", LIMIT)], BUDGET);
    const [first, failure, bothFailure, second] = await Promise.all([
      decide("k1", 10),
      failureOf(decide("bad")),
      failureOf(both),
      decide("k1", 20),
    ]);
    expect(callsSince(before)).toEqual({ calls: 1, decisions: 4 });
    expect(failure).toMatchObject({
      kind: "error",
      message: expect.stringMatching(/WRONGTYPE.*\(key "weir:\|bad"\)$/),
    });
    expect(bothFailure.kind).toBe("error");
    expect([first, second].map(({ outcomes }) => outcomes[0]?.tokens)).toEqual([90, 70]);
    expect(await redis.command("LRANGE", "weir:|bad", 0, -1)).toEqual(["x"]);
  });
});

describe("a busy store", () => {
  it("gathers what comes while calls are in flight", async () => {
    const before = callsSoFar();
    redis.freeze();
    const answers: Promise<Verdict>[] = [];
    for (const key of names(22)) {
      answers.push(decide(key));
      await nextTurn();
    }
    expect(store.figures()).toMatchObject({ queued: 20, callsInFlight: 2 });
    redis.thaw();
    await Promise.all(answers);
    expect(callsSince(before)).toEqual({ calls: 3, decisions: 22 });
  });

  it("never has more than two calls in flight, nor more than 64 buckets in one, and starves nobody", async () => {
    let most = 0;
    const served: number[] = [];
    const calls = await keysOfCalls(async () => {
      const answers: Promise<unknown>[] = [];
      for (let i = 0; i < 2_000; i++) {
        answers.push(decide(`k${i % 700}`).then(() => served.push(i)));
        most = Math.max(most, store.figures().callsInFlight);
        if (i % 150 === 0) await nextTurn();
      }
      await Promise.all(answers);
    });
    expect(most).toBe(2);
    expect(Math.max(...calls.map((keys) => keys.length))).toBe(64);
    expect(calls.every((keys) => new Set(keys).size === keys.length)).toBe(true);
    expect(served).toEqual(Array.from({ length: 2_000 }, (_, i) => i));
  });

  it("has the bounds that it is given", async () => {
    const narrow = { maxBucketsPerCall: 3, maxDecisionsPerCall: 5, maxCallsInFlight: 1, keyPrefix: "narrow" };
    const other = await connectedStore({ url: redis.url, denyCacheSize: 0, ...narrow });
    await other.decide([take("first", LIMIT)], BUDGET);
    let most = 0;
    try {
      const calls = await keysOfCalls(async () => {
        const keys = [...names(7), ...Array.from({ length: 12 }, () => "hot")];
        const answers = Promise.all(keys.map((key) => other.decide([take(key, LIMIT)], BUDGET)));
        while (other.figures().queued > 0) {
          most = Math.max(most, other.figures().callsInFlight);
          await nextTurn();
        }
        await answers;
      });
      expect(most).toBe(1);
      expect(calls.map((keys) => keys.length)).toEqual([3, 3, 2, 1, 1]);
    } finally {
      await other.close();
    }
  });

  it("admits exactly what a hot bucket has, over many calls", async () => {
    const many = perPeriod(1_000, 100_000 * HOUR);
    const answers: Promise<Verdict>[] = [];
    for (let i = 0; i < 3_000; i++) {
      answers.push(Promise.resolve(store.decide([take("hot", many)], BUDGET)));
      if (i % 100 === 0) await nextTurn();
    }
    const verdicts = await Promise.all(answers);
    expect(verdicts.map(({ admitted }) => admitted)).toEqual(verdicts.map((_, i) => i < 1_000));
    const [evalsha = 0, get, set = 0] = await timesRun("evalsha", "get", "set");
    expect(get).toBe(evalsha);
    expect(set).toBeLessThanOrEqual(evalsha);
    expect(evalsha).toBeLessThan(100);
  });
});

describe("a request over more buckets than a call has", () => {
  it("goes by itself, as a whole", async () => {
    const before = callsSoFar();
    const charges = names(100).map((key) => take(key, LIMIT, 40));
    const answers = await Promise.all([decide("k0"), store.decide(charges, BUDGET), decide("k99")]);
    expect(answers.map(({ admitted }) => admitted)).toEqual([true, true, true]);
    expect(answers[1]?.outcomes.map(({ tokens }) => tokens)).toEqual(charges.map((_, i) => (i === 0 ? 59 : 60)));
    expect(callsSince(before)).toEqual({ calls: 3, decisions: 3 });
    // 59 and 60 are left: 60 more are too many for one of a hundred buckets.
    const second = await store.decide(
      names(100).map((key) => take(key, LIMIT, 60)),
      BUDGET,
    );
    expect(second.admitted).toBe(false);
    expect((await decide("k1", 60)).admitted).toBe(true);
  });
});

describe("the keys of buckets", () => {
  it("are the prefix, a bar, and the bucket's identity", async () => {
    await decide("1|shop|a b{c}");
    expect(await redis.command("KEYS", "*shop*")).toEqual(["weir:|1|shop|a b{c}"]);
  });

  it("have a hash tag before that in a Cluster, always the same", async () => {
    for (const attempt of [1, 2]) {
      const tagged = await connectedStore({ url: redis.url, hashTags: 16, keyPrefix: "w" });
      for (const key of names(40)) {
        expect((await tagged.decide([take(key, LIMIT)], BUDGET)).outcomes[0]?.tokens).toBe(100 - attempt);
      }
      await tagged.close();
    }
    const keys = (await redis.command("KEYS", "w|*")) as string[];
    expect(keys.map((key) => key.replace(/^w\|\{\d+\}/, "")).sort()).toEqual(names(40).sort());
    const tags = new Set(keys.map((key) => /\{\d+\}/.exec(key)?.[0]));
    expect(tags.size).toBeGreaterThan(8);
    expect(tags.size).toBeLessThanOrEqual(16);
  });

  it("are gathered for each tag by itself", async () => {
    const tagged = await connectedStore({ url: redis.url, hashTags: 4, keyPrefix: "w" });
    const decideEach = () => Promise.all(names(100).map((key) => tagged.decide([take(key, LIMIT)], BUDGET)));
    await decideEach();
    const calls = await keysOfCalls(decideEach);
    await tagged.close();
    expect(calls).toHaveLength(4);
    for (const keys of calls) expect(new Set(keys.map((key) => /\{\d+\}/.exec(key)?.[0])).size).toBe(1);
  });
});
