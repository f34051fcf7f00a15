import { existsSync, mkdtempSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { credentials, Metadata } from "@grpc/grpc-js";
import { describe, expect, it } from "vitest";
import { GrpcServer } from "../../../src/grpc-server/server.js";
import { callHeaders, grpcMessage, unaryCall } from "../../support/grpc/messages.js";
import { ECHO, openRaw, startNative } from "../../support/grpc/native-server.js";
import { callText } from "../../support/grpc/text-calls.js";
import { TEXT_SERVICE, TextClient } from "../../support/grpc/text-service.js";
import { END_STREAM, frame, TYPE } from "../../support/h2/frames.js";
import type { RawClient } from "../../support/h2/raw-client.js";

const NO_ERROR = 0;

/** The streams that GOAWAY frames name as the last. */
function lastStreams(client: RawClient): number[] {
  return client.frames.filter(({ type }) => type === TYPE.GOAWAY).map(({ payload }) => payload.readUInt32BE(0));
}

const LATER = "/test.Later/Later";

/** A method that answers when it is told to. */
function later(): {
  methods: Record<string, (message: Buffer) => Promise<Buffer>>;
  answer: () => void;
  waiting: () => number;
} {
  const waiting: (() => void)[] = [];
  return {
    methods: { [LATER]: (message) => new Promise((resolve) => waiting.push(() => resolve(message))) },
    answer: () => {
      for (const resolve of waiting.splice(0)) resolve();
    },
    waiting: () => waiting.length,
  };
}

describe("a shutdown", () => {
  it("says so, takes what is on its way, lets calls end, and closes", async () => {
    const { methods, answer, waiting } = later();
    const { port, server } = await startNative({}, methods);
    const client = await openRaw(port);
    client.send(unaryCall(1, LATER, "slow"));
    await expect.poll(waiting).toBe(1);
    const down = server.shutdown(5_000);
    await client.until(() => client.count(TYPE.GOAWAY) === 1 && client.count(TYPE.PING) === 1);
    expect(lastStreams(client)).toEqual([2 ** 31 - 1]);
    client.send(unaryCall(3, LATER, "on its way"));
    await expect.poll(waiting).toBe(2);
    const drainPing = client.frames.find(({ type }) => type === TYPE.PING)!;
    client.send(frame(TYPE.PING, 1, 0, drainPing.payload), unaryCall(5, LATER, "too late"));
    expect((await client.answer(5)).resetCode).toBe(7);
    expect(lastStreams(client)).toEqual([2 ** 31 - 1, 3]);
    answer();
    expect((await client.answer(3)).body.subarray(5).toString()).toBe("on its way");
    await client.closed();
    await down;
    expect(client.goAwayCodes()).toEqual([NO_ERROR, NO_ERROR]);
  });

  it("cuts calls that go on after the deadline", async () => {
    const { methods, waiting } = later();
    const { port, server } = await startNative({}, methods);
    const client = await openRaw(port);
    client.send(unaryCall(1, LATER, "slow"));
    await expect.poll(waiting).toBe(1);
    const start = performance.now();
    await server.shutdown(100);
    expect(performance.now() - start).toBeLessThan(1_000);
    await client.closed();
  });

  it("takes no new connections", async () => {
    const { port, server } = await startNative();
    await server.shutdown(100);
    const refused = await new Promise<boolean>((resolve) => {
      connect({ port, host: "127.0.0.1" })
        .on("error", () => resolve(true))
        .on("connect", () => resolve(false));
    });
    expect(refused).toBe(true);
  });

  it("does not wait for a peer that never answers the ping", async () => {
    const { port, server } = await startNative({ h2: { drainRoundTripMillis: 50 }, server: { sweepMillis: 20 } });
    const client = await openRaw(port);
    const down = server.shutdown(10_000);
    await client.closed();
    await down;
    expect(lastStreams(client)).toEqual([2 ** 31 - 1, 0]);
  });
});

describe("a connection", () => {
  it("is drained at its age, which is not the same for all", async () => {
    const h2 = { maxAgeMillis: 300, maxAgeJitter: 0.5, drainRoundTripMillis: 20, maxAgeGraceMillis: 100 };
    const { port } = await startNative({ h2, server: { sweepMillis: 10 } });
    const ages = await Promise.all(
      Array.from({ length: 20 }, async () => {
        const client = await openRaw(port);
        const start = performance.now();
        await client.closed();
        expect(client.goAwayCodes()).toEqual([NO_ERROR, NO_ERROR]);
        return performance.now() - start;
      }),
    );
    expect(Math.min(...ages)).toBeGreaterThan(140);
    expect(Math.max(...ages) - Math.min(...ages)).toBeGreaterThan(60);
  });

  it("that has reached its age is cut after the grace when calls go on", async () => {
    const { methods } = later();
    const h2 = { maxAgeMillis: 100, drainRoundTripMillis: 20, maxAgeGraceMillis: 100 };
    const { port, server } = await startNative({ h2, server: { sweepMillis: 10 } }, methods);
    const client = await openRaw(port);
    client.send(unaryCall(1, LATER, "slow"));
    await client.closed();
    expect(server.counters.h2.timeouts.drain).toBe(1);
  });

  it("is drained when it is idle, and not while it has streams", async () => {
    const { methods, answer, waiting } = later();
    const h2 = { maxIdleMillis: 100, drainRoundTripMillis: 20 };
    const { port } = await startNative({ h2, server: { sweepMillis: 10 } }, methods);
    const client = await openRaw(port);
    client.send(unaryCall(1, LATER, "slow"));
    await expect.poll(waiting).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 250));
    expect(client.count(TYPE.GOAWAY)).toBe(0);
    answer();
    await client.closed();
    expect((await client.answer(1)).trailers.get("grpc-status")).toBe("0");
  });

  it("that the peer closes cancels its calls", async () => {
    let isCancelled = false;
    const method = (_message: Buffer, call: { onCancel(listener: () => void): void }) =>
      new Promise<Buffer>((resolve) =>
        call.onCancel(() => {
          isCancelled = true;
          resolve(Buffer.alloc(0));
        }),
      );
    const { port, server } = await startNative({}, { [LATER]: method });
    const client = await openRaw(port);
    client.send(unaryCall(1, LATER, "slow"));
    await expect.poll(() => server.counters.h2.streamsOpen).toBe(1);
    await client.close();
    await expect.poll(() => isCancelled).toBe(true);
    expect(server.counters.h2).toMatchObject({ connectionsOpen: 0, streamsOpen: 0 });
    expect(server.counters.calls.cancelled).toBe(1);
  });

  it("over which a request ends early is told to stop sending", async () => {
    const { port } = await startNative({ server: { maxMessageBytes: 10 } });
    const client = await openRaw(port);
    client.send(callHeaders(1, ECHO), frame(TYPE.DATA, 0, 1, grpcMessage(Buffer.alloc(1_000))));
    const answer = await client.answer(1);
    await client.until(() => client.resetCode(1) !== undefined);
    expect(answer.trailers.get("grpc-status")).toBe("8");
    expect(client.resetCode(1)).toBe(NO_ERROR);
    client.send(frame(TYPE.DATA, END_STREAM, 1, Buffer.alloc(100)), unaryCall(3, ECHO, "next"));
    expect((await client.answer(3)).body.subarray(5).toString()).toBe("next");
    expect(client.count(TYPE.RST_STREAM)).toBe(1);
  });
});

describe("a unix socket", () => {
  it("is served, and a file that is left over from before is no hindrance", async () => {
    const path = join(mkdtempSync(join(tmpdir(), "weir-h2-")), "grpc.sock");
    const first = new GrpcServer();
    await first.listen({ path });
    const second = new GrpcServer();
    await expect(second.listen({ path })).rejects.toThrow("EADDRINUSE");
    await first.shutdown(0);
    expect(existsSync(path)).toBe(false);

    second.addService(TEXT_SERVICE, {
      Unary: (call: { request: string }, send: (error: null, text: string) => void) => send(null, call.request),
    });
    await second.listen({ path });
    const client = new TextClient(`unix:${path}`, credentials.createInsecure());
    expect((await callText(client, "over a file", new Metadata(), {})).response).toBe("over a file");
    client.close();
    await second.shutdown(100);
  });

  it("does not take away a file that is no socket", async () => {
    const path = join(mkdtempSync(join(tmpdir(), "weir-h2-")), "precious");
    writeFileSync(path, "precious");
    const server = new GrpcServer();
    await expect(server.listen({ path })).rejects.toThrow();
    expect(existsSync(path)).toBe(true);
    await server.shutdown(0);
  });
});
