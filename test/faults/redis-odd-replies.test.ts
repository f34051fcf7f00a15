import { afterEach, describe, expect, it } from "vitest";
import type { Store } from "../../src/stores/store.js";
import { HOUR, perPeriod, take } from "../conformance/store-harness.js";
import { connectedStore } from "../support/connected-store.js";
import { type FakeRedis, startFakeRedis } from "../support/fake-redis.js";
import { failedDecision } from "../support/faults/failed-decision.js";

const BUDGET = 5_000;
const CHARGES = [take("a", perPeriod(10, HOUR))];
const NOW = ":1767323045678901\r\n";
const OUTCOME = ":1\r\n:9\r\n:360000000\r\n:0\r\n";
const DECISION = `*5\r\n:1\r\n${OUTCOME}`;
/** One decision over one charge, as the head of scripts/batch.lua says. */
const VERDICT = `*2\r\n${NOW}${DECISION}`;
const NOSCRIPT = "-NOSCRIPT No matching script. Please use EVAL.\r\n";

let redis: FakeRedis | undefined;
let store: Store | undefined;

afterEach(async () => {
  await store?.close();
  await redis?.close();
});

async function storeOn(reply: (command: string) => string | Promise<string>): Promise<Store> {
  redis = await startFakeRedis(reply);
  store = await connectedStore({ url: redis.url, silenceTimeoutMillis: 20_000 });
  return store;
}

const ODD: readonly (readonly [string, string])[] = [
  ["OK", "+OK\r\n"],
  ["nothing", "$-1\r\n"],
  ["an empty list", "*0\r\n"],
  ["no time", `*2\r\n+OK\r\n${DECISION}`],
  ["too few decisions", `*1\r\n${NOW}`],
  ["too many decisions", `*3\r\n${NOW}${DECISION}${DECISION}`],
  ["nothing for a decision", `*2\r\n${NOW}$-1\r\n`],
  ["outcomes of too few charges", `*2\r\n${NOW}*1\r\n:1\r\n`],
  ["outcomes of too many charges", `*2\r\n${NOW}*9\r\n:1\r\n${OUTCOME}${OUTCOME}`],
  ["flags that are none", VERDICT.replace(OUTCOME, OUTCOME.replace(":1", ":4"))],
  ["an admission that is none", VERDICT.replace("*5\r\n:1", "*5\r\n:3")],
  ["text for tokens", VERDICT.replace(":9\r\n", "$1\r\n9\r\n")],
  ["nothing for tokens", VERDICT.replace(":9\r\n", "$-1\r\n")],
  ["more tokens than a number holds", VERDICT.replace(":9", ":9007199254740993")],
  ["a time before now", VERDICT.replace(":360000000", ":-2")],
  ["text for a time", VERDICT.replace(":360000000\r\n", "$3\r\nsun\r\n")],
  ["a list for a time", VERDICT.replace(":360000000\r\n", "*0\r\n")],
];

describe("a reply of Redis", () => {
  it("in the script's layout is a verdict", async () => {
    const outcome = { fits: true, settled: false, tokens: 9, untilFullMicros: 360_000_000, untilFitsMicros: 0 };
    const onFake = await storeOn(() => VERDICT);
    expect(await onFake.decide(CHARGES, BUDGET)).toEqual({ admitted: true, outcomes: [outcome] });
  });

  it("may say never, and times beyond 2^53", async () => {
    const onFake = await storeOn(() =>
      VERDICT.replace(":360000000", "$17\r\n36000000000000000").replace(/:0\r\n$/, ":-1\r\n"),
    );
    const { outcomes } = await onFake.decide(CHARGES, BUDGET);
    expect(outcomes[0]).toMatchObject({ untilFullMicros: 36_000_000_000_000_000, untilFitsMicros: Infinity });
  });

  it.each(ODD)("that is %s is an error, not an answer", async (_, reply) => {
    const failure = await failedDecision(await storeOn(() => reply), CHARGES, BUDGET);
    expect(failure.kind).toBe("error");
    expect(failure.message).toBe("Redis' reply is not one of Weir's script");
  });

  it("that is an error is passed on in its words", async () => {
    const onFake = await storeOn(() => "-BUSY Redis is busy running a script.\r\n");
    const failure = await failedDecision(onFake, CHARGES, BUDGET);
    expect(failure.kind).toBe("error");
    expect(failure.message).toBe("BUSY Redis is busy running a script.");
    // ioredis keeps all of a command, keys and passwords included, in its errors.
    expect(failure.cause).toBeUndefined();
  });

  it("that is no RESP at all fails the decision", async () => {
    const failure = await failedDecision(await storeOn(() => "HTTP/1.1 400 Bad Request\r\n\r\n"), CHARGES, BUDGET);
    expect(failure.kind).toBe("unavailable");
  });

  it("that the script is unknown has its source sent once", async () => {
    const onFake = await storeOn((command) => (command === "EVALSHA" ? NOSCRIPT : VERDICT));
    expect(await onFake.decide(CHARGES, BUDGET)).toMatchObject({ admitted: true });
    expect(redis?.commands).toEqual(["EVALSHA", "EVAL"]);
  });

  it("that the script is unknown even from its source is an error", async () => {
    const onFake = await storeOn(() => NOSCRIPT);
    expect((await failedDecision(onFake, CHARGES, BUDGET)).kind).toBe("error");
    expect(redis?.commands).toEqual(["EVALSHA", "EVAL"]);
  });

  it("that says what is wrong with one decision fails that one in its words", async () => {
    const words = "ERR not the state of a token bucket (bucket 1)";
    const onFake = await storeOn(() => `*2\r\n${NOW}$${words.length}\r\n${words}\r\n`);
    const failure = await failedDecision(onFake, CHARGES, BUDGET);
    expect(failure.kind).toBe("error");
    expect(failure.message).toBe('ERR not the state of a token bucket (key "weir:|a")');
  });

  it("is not waited for when no time is left: nothing is sent", async () => {
    const onFake = await storeOn(() => VERDICT);
    for (const budget of [0, -5, Number.NaN]) {
      expect((await failedDecision(onFake, CHARGES, budget)).kind).toBe("timeout");
    }
    expect(redis?.commands).toEqual([]);
  });

  it("may take as long as there is when the budget is endless", async () => {
    const onFake = await storeOn(() => new Promise<string>((resolve) => setTimeout(() => resolve(VERDICT), 50)));
    expect(await onFake.decide(CHARGES, Number.POSITIVE_INFINITY)).toMatchObject({ admitted: true });
  });

  it("that never comes is waited for by 10000 decisions at most", async () => {
    const onFake = await storeOn(() => new Promise<string>(() => undefined));
    const budget = 300;
    const waiting = Array.from({ length: 10_000 }, () => failedDecision(onFake, CHARGES, budget));
    const next = await failedDecision(onFake, CHARGES, budget);
    expect(next.kind).toBe("overload");
    expect(next.message).toContain("10000 decisions wait for Redis at");
    const kinds = new Set((await Promise.all(waiting)).map(({ kind }) => kind));
    expect([...kinds].filter((kind) => kind !== "timeout" && kind !== "unavailable")).toEqual([]);
    // What is on its way is bounded too.
    expect(redis?.commands.length).toBeLessThanOrEqual(2);
  });
});
