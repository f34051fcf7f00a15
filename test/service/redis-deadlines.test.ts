import { execFileSync } from "node:child_process";
import { setImmediate as nextTurn } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { RedisStore } from "../../src/stores/redis/redis-store.js";
import type { Verdict } from "../../src/stores/store.js";
import { HOUR, perPeriod, take } from "../conformance/store-harness.js";
import { connectedStore, failureOf, type TestStoreOptions } from "../support/connected-store.js";
import { type SteppedClock, steppedClock } from "../support/faults/stepped-clock.js";
import { type RedisServer, startRedis } from "../support/redis-server.js";
import { until } from "../support/until.js";

const LONG = 10_000;
/** What a machine that stalls may add to a deadline. */
const SLACK_MILLIS = 400;
/** A probe that is answered by then closes a breaker. */
const PROBE_MILLIS = 300;
const LIMIT = perPeriod(1_000, 100_000 * HOUR);

let clock: SteppedClock;
let redis: RedisServer;
let store: RedisStore;

beforeAll(async () => {
  clock = await steppedClock();
  redis = await startRedis({ env: clock.env, args: ["--enable-debug-command", "yes"] });
});

afterAll(async () => {
  await redis?.stop();
  await clock?.remove();
});

beforeEach(async () => {
  await redis.command("FLUSHALL");
  store = await open();
});

afterEach(async () => {
  redis.thaw();
  await store?.close();
});

/** Of a store that does not give up on a machine that stalls. */
function storeOptions(): TestStoreOptions {
  return { url: redis.url, denyCacheSize: 0, silenceTimeoutMillis: 60_000, probeTimeoutMillis: PROBE_MILLIS };
}

/** A store that knows Redis' clock, and keeps its connection however long Redis is silent. */
async function open(options: Partial<TestStoreOptions> = {}): Promise<RedisStore> {
  const opened = await connectedStore({ ...storeOptions(), ...options });
  // Twice: the first reply may be slow, with all that comes with a new connection.
  for (let i = 0; i < 2; i++) await opened.decide([take("first", LIMIT)], LONG);
  return opened;
}

function decide(key: string, budgetMillis: number, hits = 1): Promise<Verdict> {
  return Promise.resolve(store.decide([take(key, LIMIT, hits)], budgetMillis));
}

async function tokensLeft(key: string): Promise<number | undefined> {
  const { outcomes } = await store.decide([take(key, LIMIT, 0, "shadow")], LONG);
  return outcomes[0]?.tokens;
}

/** How a decision ended, and after how long. */
async function ended(decision: Promise<unknown>): Promise<{ kind: string; millis: number }> {
  const start = performance.now();
  const { kind } = await failureOf(decision);
  return { kind, millis: performance.now() - start };
}

/** Two calls on their way to a Redis that stands still. */
async function fillCalls(budgetMillis: number): Promise<Promise<{ kind: string; millis: number }>[]> {
  const all: Promise<{ kind: string; millis: number }>[] = [];
  for (const [at, key] of ["in flight 1", "in flight 2"].entries()) {
    // Where the machine stalled for the whole of its budget it was not sent.
    do {
      all[at] = ended(decide(key, budgetMillis));
      await nextTurn();
    } while (store.figures().callsInFlight <= at);
  }
  return all;
}

async function untilClosed(): Promise<void> {
  await until("the breaker is closed", () => store.figures().lanesBroken === 0 || undefined);
}

/** Keeps this process from doing anything else. */
function stall(millis: number): void {
  const end = performance.now() + millis;
  while (performance.now() < end);
}

/** The same, until Redis has replied to all that it was sent before: it serves first what came first. */
function stallUntilReplied(): void {
  const ping = `require("net").connect(${redis.port}, "127.0.0.1").once("data", () => process.exit()).write("PING\\r\\n")`;
  execFileSync(process.execPath, ["-e", ping]);
}

describe("a decision that Redis does not answer", () => {
  it("fails by its own budget, whatever others it was sent with", async () => {
    redis.freeze();
    // Further apart than a stall is long.
    const budgets = [900, 30, 450];
    const all = await Promise.all(budgets.map((budget) => ended(decide("a", budget))));
    all.forEach(({ kind, millis }, i) => {
      expect(kind).toBe("timeout");
      expect(millis).toBeGreaterThanOrEqual((budgets[i] as number) - 1);
      expect(millis).toBeLessThan((budgets[i] as number) + SLACK_MILLIS);
    });
    // One call that is late says little.
    expect(store.figures()).toMatchObject({ lanesBroken: 0, callsInFlight: 1 });
  });

  it("fails by its budget while it waits to be sent, too", async () => {
    redis.freeze();
    const inFlight = await fillCalls(900);
    const waiting = await ended(decide("a", 40));
    expect(waiting.kind).toBe("timeout");
    expect(waiting.millis).toBeLessThan(40 + SLACK_MILLIS);
    await Promise.all(inFlight);
    redis.thaw();
    await untilClosed();
    expect(await tokensLeft("a")).toBe(1_000);
  });

  it("without any time left is not sent", async () => {
    for (const budget of [0, -1, Number.NaN]) expect((await failureOf(decide("a", budget))).kind).toBe("timeout");
    expect(await tokensLeft("a")).toBe(1_000);
  });

  it("is answered when Redis comes back within its budget", async () => {
    redis.freeze();
    const answer = decide("a", LONG);
    const late = await ended(decide("a", 30, 5));
    expect(late.kind).toBe("timeout");
    redis.thaw();
    // Both went in one call, which was good until the later deadline.
    expect((await answer).outcomes[0]?.tokens).toBe(999);
  });
});

describe("two calls that Redis does not answer in time", () => {
  /** Enough to find out that Redis rests, and for calls to come to nothing, also on a machine that stalls. */
  const REST_MILLIS = 1_200;

  it("open the breaker: what waits and what comes fails at once", async () => {
    redis.freeze();
    const inFlight = await fillCalls(40);
    const waiting = ended(decide("a", LONG));
    expect((await Promise.all(inFlight)).map(({ kind }) => kind)).toEqual(["timeout", "timeout"]);
    expect(await waiting).toMatchObject({ kind: "unavailable" });
    expect((await waiting).millis).toBeLessThan(40 + SLACK_MILLIS);
    expect(store.figures()).toMatchObject({ lanesBroken: 1, breakerOpened: 1, queued: 0 });
    const failure = await failureOf(decide("a", LONG));
    expect(failure.kind).toBe("unavailable");
    expect(failure.message).toMatch(/^Redis is not asked until it answers again: Redis at 127.0.0.1:\d+ has not/);
    const start = performance.now();
    for (let i = 0; i < 1_000; i++) await failureOf(decide("a", LONG));
    expect(performance.now() - start).toBeLessThan(SLACK_MILLIS);
  });

  it("charge nothing when Redis comes to them later, and a probe finds that it is back", async () => {
    expect((await decide("a", LONG, 100)).admitted).toBe(true);
    redis.freeze();
    const inFlight = await fillCalls(800);
    const waiting = Array.from({ length: 50 }, (_, i) => ended(decide("a", i % 2 === 0 ? 400 : LONG)));
    const kinds = (await Promise.all([...inFlight, ...waiting])).map(({ kind }) => kind);
    expect(kinds).toEqual(["timeout", "timeout", ...waiting.map((_, i) => (i % 2 === 0 ? "timeout" : "unavailable"))]);
    const thawed = performance.now();
    redis.thaw();
    await untilClosed();
    expect(performance.now() - thawed).toBeLessThan(200 + SLACK_MILLIS);
    expect(await tokensLeft("a")).toBe(900);
    expect(await tokensLeft("in flight 1")).toBe(1_000);
    expect(store.figures().counts.lateReplies).toBe(2);
    expect((await decide("a", LONG)).outcomes[0]?.tokens).toBe(899);
  });

  it("charge nothing even when they are the first that a store sends", async () => {
    await store.close();
    store = await connectedStore(storeOptions());
    redis.freeze();
    await Promise.all(await fillCalls(40));
    redis.thaw();
    await untilClosed();
    expect(await tokensLeft("in flight 1")).toBe(1_000);
    expect(await tokensLeft("in flight 2")).toBe(1_000);
  });

  it.for([
    { what: "CLIENT PAUSE", order: ["CLIENT", "PAUSE", REST_MILLIS, "ALL"] },
    { what: "DEBUG SLEEP", order: ["DEBUG", "SLEEP", REST_MILLIS / 1_000] },
  ])("charge nothing after $what either", async ({ order: [name = "", ...args] }) => {
    const resting = redis.command(String(name), ...args);
    await until("Redis rests", async () => {
      const { kind } = await ended(decide("probe whether it rests", 350)).catch(() => ({ kind: "answered" }));
      return kind === "answered" ? undefined : true;
    });
    const all = [...(await fillCalls(60)), ...Array.from({ length: 20 }, () => ended(decide("in flight 1", 60)))];
    expect((await Promise.all(all)).map(({ kind }) => kind)).not.toContain("error");
    await resting;
    await untilClosed();
    expect(await tokensLeft("in flight 1")).toBe(1_000);
    expect(await tokensLeft("in flight 2")).toBe(1_000);
  });
});

describe("a process that was held up itself", () => {
  it("does not take Redis for gone", async () => {
    const all: Promise<unknown>[] = [];
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < 2; i++) {
        all.push(Promise.resolve(decide(`k${i}`, 350)).catch(() => undefined));
        await nextTurn();
      }
      stall(400);
      stallUntilReplied();
      await Promise.all(all);
    }
    expect(store.figures().breakerOpened).toBe(0);
  });

  it("does not charge what it had no time to send", async () => {
    const late = failureOf(decide("a", 5));
    const other = decide("a", LONG, 10);
    stall(20);
    expect((await late).kind).toBe("timeout");
    expect((await other).outcomes[0]?.tokens).toBe(990);
    expect(await tokensLeft("a")).toBe(990);
  });
});

describe("a step of the server's clock", () => {
  afterEach(() => clock.step(0));

  it.for([3_600, -3_600])("of %i s costs no decision, and none is charged twice", async (seconds) => {
    await decide("a", LONG);
    const before = store.figures().counts.batchSizes.sum;
    await clock.step(seconds);
    const all: Promise<Verdict>[] = [];
    for (let turn = 0; turn < 4; turn++) {
      for (let i = 0; i < 10; i++) all.push(decide("a", LONG));
      await nextTurn();
    }
    const tokens = (await Promise.all(all)).map(({ outcomes }) => outcomes[0]?.tokens);
    expect(tokens.sort((a, b) => Number(b) - Number(a))).toEqual(Array.from({ length: 40 }, (_, i) => 998 - i));
    // At most the two calls that were under way with the old idea of its clock went again.
    expect(store.figures().counts.batchSizes.sum - before).toBeLessThanOrEqual(60);
    expect(store.figures().breakerOpened).toBe(0);
  });

  it("forward while it stands still is no reason to charge what came late", async () => {
    redis.freeze();
    const inFlight = await fillCalls(40);
    await clock.step(5);
    await Promise.all(inFlight);
    redis.thaw();
    await untilClosed();
    expect(await tokensLeft("in flight 1")).toBe(1_000);
  });
});

describe("replies that come late", () => {
  it("are never taken for another decision's", async () => {
    const answered = new Map<number, number>();
    const failed = new Set<number>();
    let at = 0;
    let sentInVain = 0;
    const offer = (decisions: number, budgetMillis: number): Promise<unknown>[] =>
      Array.from({ length: decisions }, () => {
        const hits = ++at;
        return decide(`k${hits}`, budgetMillis, hits).then(
          ({ outcomes }) => answered.set(hits, outcomes[0]?.tokens ?? -1),
          () => failed.add(hits),
        );
      });
    for (let round = 0; round < 10; round++) {
      redis.freeze();
      const tooSoon = offer(5, 15);
      await nextTurn();
      // None, where the machine stalled for the whole of their budget.
      sentInVain += store.figures().callsInFlight;
      await Promise.all(tooSoon);
      const later: Promise<unknown>[] = [];
      for (let turn = 0; turn < 10; turn++) {
        later.push(...offer(5, LONG));
        await nextTurn();
      }
      redis.thaw();
      await Promise.all(later);
    }
    expect(failed.size).toBe(50);
    expect(answered.size).toBe(500);
    expect(sentInVain).toBeGreaterThan(0);
    expect(store.figures().counts.lateReplies).toBe(sentInVain);
    for (const [hits, tokens] of answered) expect(tokens).toBe(1_000 - hits);
    for (const hits of failed) expect(await tokensLeft(`k${hits}`)).toBe(1_000);
  });
});

describe("a caller that has gone", () => {
  it("before its decision was sent is not charged", async () => {
    const caller = { isCancelled: false };
    const gone = failureOf(store.decide([take("a", LIMIT)], LONG, caller));
    const stays = store.decide([take("a", LIMIT)], LONG, { isCancelled: false });
    caller.isCancelled = true;
    expect((await gone).kind).toBe("cancelled");
    expect((await stays).outcomes[0]?.tokens).toBe(999);
  });

  it("while its decision waited behind others is not charged", async () => {
    redis.freeze();
    const inFlight: Promise<Verdict>[] = [];
    for (const key of ["x", "y"]) {
      inFlight.push(decide(key, LONG));
      await nextTurn();
    }
    const caller = { isCancelled: false };
    const gone = failureOf(store.decide([take("a", LIMIT)], LONG, caller));
    const stays = decide("a", LONG);
    await nextTurn();
    caller.isCancelled = true;
    redis.thaw();
    expect((await gone).kind).toBe("cancelled");
    expect((await stays).outcomes[0]?.tokens).toBe(999);
    await Promise.all(inFlight);
  });

  it("in part of its request is not charged in the others either", async () => {
    const tagged = await open({ hashTags: 16, keyPrefix: "tags" });
    const charges = Array.from({ length: 6 }, (_, i) => take(`part${i}`, LIMIT));
    const failure = await failureOf(tagged.decide(charges, LONG, { isCancelled: true }));
    expect(failure.kind).toBe("cancelled");
    expect(await redis.command("KEYS", "*part*")).toEqual([]);
    await tagged.close();
  });
});

describe("a queue that is full", () => {
  it("turns decisions away at once, and serves those that it has", async () => {
    const small = await open({ maxQueued: 5, keyPrefix: "small" });
    redis.freeze();
    const all: Promise<Verdict>[] = [];
    for (let i = 0; i < 7; i++) {
      all.push(Promise.resolve(small.decide([take("a", LIMIT)], LONG)));
      if (i < 2) await nextTurn();
    }
    expect(small.figures()).toMatchObject({ callsInFlight: 2, queued: 5 });
    const turnedAway = await ended(Promise.resolve(small.decide([take("a", LIMIT)], LONG)));
    expect(turnedAway.kind).toBe("overload");
    expect(turnedAway.millis).toBeLessThan(SLACK_MILLIS);
    redis.thaw();
    const tokens = (await Promise.all(all)).map(({ outcomes }) => outcomes[0]?.tokens);
    expect(tokens).toEqual([999, 998, 997, 996, 995, 994, 993]);
    expect((await small.decide([take("a", LIMIT)], LONG)).admitted).toBe(true);
    await small.close();
  });
});

describe("a store that closes", () => {
  it("fails what is on its way and what waits, at once, and everything after", async () => {
    redis.freeze();
    const inFlight = await fillCalls(LONG);
    const waiting = Array.from({ length: 3 }, () => ended(decide("a", LONG)));
    await store.close();
    for (const { kind, millis } of await Promise.all([...inFlight, ...waiting])) {
      expect(kind).toBe("unavailable");
      expect(millis).toBeLessThan(100 + SLACK_MILLIS);
    }
    expect((await failureOf(decide("a", LONG))).kind).toBe("unavailable");
  });
});

describe("memory", () => {
  /** The bytes that this process keeps after a collection. */
  function bytesKept(): number {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    collect();
    return process.memoryUsage().heapUsed + process.memoryUsage().external;
  }

  it("stays flat over 100,000 decisions while Redis stands still", async () => {
    const kinds = new Map<string, number>();
    redis.freeze();
    const offer = async (decisions: number): Promise<void> => {
      for (let i = 0; i < decisions; i += 500) {
        const all = Array.from({ length: 500 }, (_, at) => failureOf(decide(`k${i + at}`, 20)));
        for (const { kind } of await Promise.all(all)) kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
      }
    };
    await offer(10_000);
    const before = bytesKept();
    await offer(100_000);
    expect(bytesKept() - before).toBeLessThan(2_000_000);
    expect([...kinds.keys()].sort()).toEqual(["timeout", "unavailable"]);
    expect(store.figures()).toMatchObject({ queued: 0, callsInFlight: 2, lanesBroken: 1 });
  });
});
