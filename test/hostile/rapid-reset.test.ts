import { describe, expect, it } from "vitest";
import type { UnaryHandler } from "../../src/grpc-server/unary-call.js";
import { unaryCall } from "../support/grpc/messages.js";
import { ECHO, openRaw, startNative } from "../support/grpc/native-server.js";
import { withBystander } from "../support/h2/bystander.js";
import { reset } from "../support/h2/frames.js";

const FROZEN = "/test.Frozen/Call";
const OK = Buffer.from("ok");
const REFUSED_STREAM = 7;

/** A method whose store has frozen: it ends only when the caller gives up. */
function frozen(seen: { running: number; most: number }): UnaryHandler {
  return (_message, call) =>
    new Promise((resolve) => {
      seen.running += 1;
      seen.most = Math.max(seen.most, seen.running);
      call.onCancel(() => {
        seen.running -= 1;
        resolve(OK);
      });
    });
}

const pause = (millis: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, millis));

describe("a proxy whose calls all run into its timeout", () => {
  it("resets thousands of streams a second and is not sent away", async () => {
    const seen = { running: 0, most: 0 };
    // An allowance that is used up at once if these resets were counted.
    const { port, server } = await startNative(
      { h2: { quickResetBurst: 50, quickResetsPerSecond: 0 } },
      { [FROZEN]: frozen(seen) },
    );
    const client = await openRaw(port);
    const started: { id: number; at: number }[] = [];
    let nextId = 1;
    let resets = 0;
    while (resets < 6_000) {
      const now = performance.now();
      const parts: Buffer[] = [];
      while (started[0] !== undefined && now - started[0].at >= 20) {
        parts.push(reset(started.shift()!.id));
        resets += 1;
      }
      for (let at = 0; at < 20; at++, nextId += 2) {
        parts.push(unaryCall(nextId, FROZEN, "request", [["grpc-timeout", "20000m"]]));
        started.push({ id: nextId, at: now });
      }
      client.send(...parts);
      await pause(5);
    }
    for (const { id } of started) client.send(reset(id));
    client.send(unaryCall(nextId, ECHO, "still served"));
    const answer = await client.answer(nextId);
    expect(answer.body.subarray(5).toString()).toBe("still served");
    expect(client.goAwayCodes()).toEqual([]);
    expect(server.counters.h2.resetsReceived).toBeGreaterThanOrEqual(6_000);
    expect(seen.running).toBe(0);
  });

  it("is not sent away when a stall of ours makes a second's worth of its streams look as if they had no time", async () => {
    const { port, server } = await startNative({}, { [FROZEN]: frozen({ running: 0, most: 0 }) });
    const client = await openRaw(port);
    // With 5,000 calls a second and a timeout of 20 ms, 100 are open; read together, each seems reset as it is opened.
    const parts: Buffer[] = [];
    for (let at = 0; at < 5_000; at++) {
      parts.push(unaryCall(1 + 2 * at, FROZEN, "request"));
      if (at >= 100) parts.push(reset(1 + 2 * (at - 100)));
    }
    await client.sendAll(Buffer.concat(parts));
    client.send(unaryCall(20_001, ECHO, "still served"));
    expect((await client.answer(20_001)).body.subarray(5).toString()).toBe("still served");
    expect(server.counters.h2.quickResets).toBeGreaterThan(1_000);
    expect(client.goAwayCodes()).toEqual([]);
  });
});

describe("a peer that resets streams whose work cannot be stopped", () => {
  /** Work that goes on whatever the caller does, until it is let go. */
  function stubborn(): { handler: UnaryHandler; running: () => number; letGo: () => void } {
    const waiting: (() => void)[] = [];
    return {
      handler: () => new Promise((resolve) => waiting.push(() => resolve(OK))),
      running: () => waiting.length,
      letGo: () => {
        for (const resolve of waiting.splice(0)) resolve();
      },
    };
  }

  const calls = (from: number, count: number): Buffer =>
    Buffer.concat(
      Array.from({ length: count }, (_, at) => {
        const id = from + 2 * at;
        return Buffer.concat([unaryCall(id, FROZEN, "request"), reset(id)]);
      }),
    );

  it("gets no more work done at once than the limit, and is served again when it has ended", async () => {
    const work = stubborn();
    const { port, server } = await startNative({ h2: { maxAbandonedStreams: 100 } }, { [FROZEN]: work.handler });
    const client = await openRaw(port);
    await withBystander(port, async () => {
      await client.sendAll(calls(1, 1_000));
      await client.until(() => client.resetCode(1_999) !== undefined);
    });
    expect(work.running()).toBe(100);
    expect(client.resetCode(1_999)).toBe(REFUSED_STREAM);
    expect(server.counters.h2.streamsRefused).toBe(900);
    work.letGo();
    await pause(20);
    client.send(unaryCall(3_001, ECHO, "again"));
    expect((await client.answer(3_001)).body.subarray(5).toString()).toBe("again");
  });

  it("is held to it by deadlines too, which end a call as a reset does", async () => {
    const work = stubborn();
    const { port } = await startNative({ h2: { maxAbandonedStreams: 100 } }, { [FROZEN]: work.handler });
    const client = await openRaw(port);
    for (let round = 0; round < 10; round++) {
      const ids = Array.from({ length: 50 }, (_, at) => 1 + 2 * (50 * round + at));
      client.send(...ids.map((id) => unaryCall(id, FROZEN, "request", [["grpc-timeout", "1m"]])));
      await Promise.all(ids.map((id) => client.answer(id)));
    }
    expect(work.running()).toBe(100);
    work.letGo();
  });

  it("gets all of it done without the limit", async () => {
    const work = stubborn();
    const limits = { maxAbandonedStreams: Number.POSITIVE_INFINITY };
    const { port } = await startNative({ h2: limits }, { [FROZEN]: work.handler });
    const client = await openRaw(port);
    await client.sendAll(calls(1, 1_000));
    await client.until(() => work.running() === 1_000);
    work.letGo();
  });

  it("cannot open more streams at once than the limit", async () => {
    const work = stubborn();
    const { port, server } = await startNative({ h2: { maxConcurrentStreams: 10 } }, { [FROZEN]: work.handler });
    const client = await openRaw(port);
    for (let id = 1; id <= 59; id += 2) client.send(unaryCall(id, FROZEN, "request"));
    await client.until(() => client.resetCode(59) !== undefined);
    expect(client.resetCode(59)).toBe(REFUSED_STREAM);
    expect({ running: work.running(), refused: server.counters.h2.streamsRefused }).toEqual({
      running: 10,
      refused: 20,
    });
    work.letGo();
    await client.answer(19);
  });
});
