import { describe, expect, it } from "vitest";
import type { H2Limits } from "../../src/h2/limits.js";
import { callHeaders, grpcMessage, unaryCall } from "../support/grpc/messages.js";
import { connectRaw, ECHO, openRaw, startNative } from "../support/grpc/native-server.js";
import { TEXT_SERVICE } from "../support/grpc/text-service.js";
import { withBystander } from "../support/h2/bystander.js";
import { frame, PREFACE, ping, SETTINGS_ACK, settings, TYPE, windowUpdate } from "../support/h2/frames.js";
import { settle, Wire } from "../support/h2/wire.js";

const FOREVER = Number.POSITIVE_INFINITY;
const FLOW_CONTROL_ERROR = 3;
const SETTINGS_TIMEOUT = 4;
const GIVE = "/test.Give/Give";

/** A method whose answer is as long as its request says. */
const give = { [GIVE]: (message: Buffer) => Buffer.alloc(Number(message.toString())) };

const quick = (h2: Partial<H2Limits>, methods = {}) => startNative({ h2, server: { sweepMillis: 20 } }, methods);

const pause = (millis: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, millis));

describe("what is no HTTP/2", () => {
  it.each([
    ["HTTP/1", Buffer.from("GET / HTTP/1.1\r\nhost: here\r\n\r\n")],
    ["TLS", Buffer.from("16030100c8010000c4030365", "hex")],
    ["garbage", Buffer.from([0, 1, 2, 3])],
    ["a preface gone wrong at its end", Buffer.concat([PREFACE.subarray(0, 23), Buffer.from("!")])],
  ])("such as %s is closed without a word", async (_name, bytes) => {
    const { port, server } = await startNative();
    const client = await connectRaw(port);
    client.send(bytes);
    await client.closed();
    expect(client.frames).toEqual([]);
    expect(server.counters.h2.badPrefaces).toBe(1);
  });

  it("in place of the first SETTINGS is a protocol error", async () => {
    const { port } = await startNative();
    const client = await connectRaw(port);
    client.send(PREFACE, ping());
    await client.closed();
    expect(client.goAwayCodes()).toEqual([1]);
  });
});

describe("a peer that does not do its part in time", () => {
  it.each([
    ["nothing", Buffer.alloc(0)],
    ["half a preface", PREFACE.subarray(0, 12)],
    ["a preface and half a frame", Buffer.concat([PREFACE, settings().subarray(0, 5)])],
  ])("and has sent %s is closed", async (_name, bytes) => {
    const { port, server } = await quick({ prefaceMillis: 100 });
    const client = await connectRaw(port);
    client.send(bytes);
    await client.closed();
    expect(server.counters.h2.timeouts.preface).toBe(1);
  });

  it("may take its time for the preface without the limit", async () => {
    const { port } = await quick({ prefaceMillis: FOREVER });
    const client = await connectRaw(port);
    await pause(200);
    client.send(PREFACE, settings(), SETTINGS_ACK, unaryCall(1, ECHO, "late"));
    expect((await client.answer(1)).body.subarray(5).toString()).toBe("late");
  });

  it("and does not acknowledge our settings is told so", async () => {
    const { port } = await quick({ settingsAckMillis: 100 });
    const client = await connectRaw(port);
    client.send(PREFACE, settings());
    await client.closed();
    expect(client.goAwayCodes()).toEqual([SETTINGS_TIMEOUT]);
  });

  it("and has gone silent is pinged, then closed", async () => {
    const { port, server } = await quick({ keepaliveMillis: 100, keepaliveTimeoutMillis: 100 });
    const client = await openRaw(port);
    await client.closed();
    expect(client.count(TYPE.PING)).toBe(1);
    expect(server.counters.h2.timeouts.keepalive).toBe(1);
  });

  it("stays when it answers the pings", async () => {
    const { port, server } = await quick({ keepaliveMillis: 50, keepaliveTimeoutMillis: 100 });
    const client = await openRaw(port);
    let answered = 0;
    while (answered < 5) {
      await client.until(() => client.count(TYPE.PING) > answered);
      client.send(frame(TYPE.PING, 1, 0, client.frames.filter(({ type }) => type === TYPE.PING)[answered]!.payload));
      answered += 1;
    }
    expect(client.isClosed).toBe(false);
    expect(server.counters.h2.timeouts.keepalive).toBe(0);
  });
});

describe("data above the window", () => {
  const fill = (bytes: number): Buffer[] =>
    Array.from({ length: Math.ceil(bytes / 16_000) }, () => frame(TYPE.DATA, 0, 1, Buffer.alloc(16_000)));

  it.each([
    [65_535, [FLOW_CONTROL_ERROR]],
    [200_000, []],
  ])("of the connection ends it (window %i)", async (connectionWindowBytes, codes) => {
    const { server } = await startNative({ h2: { connectionWindowBytes, streamWindowBytes: 1_000_000 } });
    const wire = new Wire();
    server.serve(wire, "test");
    wire.feed(PREFACE, settings(), SETTINGS_ACK, callHeaders(1, "/no.grpc", [["x-not", "grpc"]]), ...fill(100_000));
    await settle();
    const goAways = wire.frames().filter(({ type }) => type === TYPE.GOAWAY);
    expect(goAways.map(({ payload }) => payload.readUInt32BE(4))).toEqual(codes);
    wire.destroy();
  });

  it.each([
    [65_535, FLOW_CONTROL_ERROR],
    [200_000, undefined],
  ])("of a stream resets it, and the connection goes on (window %i)", async (streamWindowBytes, code) => {
    const { port, server } = await startNative({ h2: { streamWindowBytes } });
    // A method that never reads: nothing that comes is taken.
    server.addService(TEXT_SERVICE, { Collect: () => {} });
    const client = await openRaw(port);
    const messages = Array.from({ length: 10 }, () => frame(TYPE.DATA, 0, 1, grpcMessage(Buffer.alloc(10_000))));
    client.send(callHeaders(1, TEXT_SERVICE.Collect.path), ...messages, unaryCall(3, ECHO, "next"));
    expect((await client.answer(3)).body.subarray(5).toString()).toBe("next");
    expect(client.resetCode(1)).toBe(code);
  });
});

describe("a peer that does not take its answers", () => {
  it("and does not read is not read either, and closed after a time", async () => {
    const { port, server } = await quick({ maxUnsentBytes: 100_000, slowReaderMillis: 300 }, give);
    await withBystander(port, async () => {
      const client = await openRaw(port, [[4, 2 ** 31 - 1]]);
      client.send(windowUpdate(0, 2 ** 31 - 1 - 65_535));
      client.socket.pause();
      // Far more than fits into what is read at once, which may be a thousand calls, before anybody can pause.
      for (let id = 1; id < 40_000 && !client.isClosed; id += 2) client.send(unaryCall(id, GIVE, "60000"));
      await expect.poll(() => server.counters.h2.timeouts.slowReader, { timeout: 10_000 }).toBe(1);
      expect(server.counters.h2.readPauses).toBeGreaterThan(0);
      expect(server.counters.calls.statuses[0]).toBeLessThan(10_000);
    });
  });

  it("and does not read is read on without the limit", async () => {
    const { port, server } = await quick({ maxUnsentBytes: FOREVER, slowReaderMillis: FOREVER }, give);
    const client = await openRaw(port, [[4, 2 ** 31 - 1]]);
    client.send(windowUpdate(0, 2 ** 31 - 1 - 65_535));
    client.socket.pause();
    for (let id = 1; id < 1_000; id += 2) client.send(unaryCall(id, GIVE, "60000"));
    await expect.poll(() => server.counters.calls.statuses[0], { timeout: 10_000 }).toBe(500);
    client.socket.resume();
  });

  it("and keeps its windows shut has its answers dropped after a time, and the connection goes on", async () => {
    const { port } = await quick({ slowReaderMillis: 200 }, give);
    const client = await openRaw(port, [[4, 10]]);
    client.send(unaryCall(1, GIVE, "60000"));
    expect((await client.answer(1)).resetCode).toBe(8);
    client.send(unaryCall(3, ECHO, "ok"));
    expect((await client.answer(3)).body.subarray(5).toString()).toBe("ok");
  });

  it("has no more bytes kept for it than the limit", async () => {
    const { port, server } = await startNative({ h2: { maxQueuedBytes: 1_000_000 } }, give);
    const client = await openRaw(port, [[4, 0]]);
    for (let id = 1; id < 200; id += 2) client.send(unaryCall(id, GIVE, "60000"));
    await client.until(() => client.resetCode(199) !== undefined);
    expect(client.resetCode(199)).toBe(11);
    expect(client.frames.filter(({ type }) => type === TYPE.RST_STREAM).length).toBeGreaterThan(80);
    expect(server.counters.h2.streamsOpen).toBeLessThanOrEqual(17);
  });

  it("has all of them kept without the limit", async () => {
    const { port, server } = await startNative({ h2: { maxQueuedBytes: FOREVER } }, give);
    const client = await openRaw(port, [[4, 0]]);
    for (let id = 1; id < 200; id += 2) client.send(unaryCall(id, GIVE, "60000"));
    await expect.poll(() => server.counters.h2.streamsOpen).toBe(100);
    expect(client.count(TYPE.RST_STREAM)).toBe(0);
  });
});

describe("requests that are never whole", () => {
  it("take no more memory than the limit", async () => {
    const { port } = await startNative({ server: { maxPartialBytesPerConnection: 200_000 } });
    const client = await openRaw(port);
    const part = grpcMessage(Buffer.alloc(60_000)).subarray(0, 16_000);
    for (let id = 1; id < 60; id += 2) client.send(callHeaders(id, ECHO), frame(TYPE.DATA, 0, id, part));
    expect((await client.answer(59)).trailers.get("grpc-status")).toBe("8");
    client.send(unaryCall(61, ECHO, "whole"));
    expect((await client.answer(61)).body.subarray(5).toString()).toBe("whole");
  });

  it("of all connections take no more than the limit", async () => {
    const { port } = await startNative({ server: { maxPartialBytes: 100_000 } });
    const part = grpcMessage(Buffer.alloc(60_000)).subarray(0, 16_000);
    const results: (string | undefined)[] = [];
    for (let at = 0; at < 10; at++) {
      const client = await openRaw(port);
      client.send(callHeaders(1, ECHO), frame(TYPE.DATA, 0, 1, part), ping());
      await client.until(() => client.count(TYPE.PING) === 1);
      results.push(client.answerSoFar(1).trailers.get("grpc-status"));
    }
    expect(results.slice(0, 6)).toEqual(new Array(6).fill(undefined));
    expect(results.slice(6)).toEqual(new Array(4).fill("8"));
  });

  it("are held without the limit", async () => {
    const { port } = await startNative({ server: { maxPartialBytesPerConnection: FOREVER, maxPartialBytes: FOREVER } });
    const client = await openRaw(port);
    const part = grpcMessage(Buffer.alloc(60_000)).subarray(0, 16_000);
    for (let id = 1; id < 60; id += 2) client.send(callHeaders(id, ECHO), frame(TYPE.DATA, 0, id, part));
    client.send(ping());
    await client.until(() => client.count(TYPE.PING) === 1);
    expect(client.isEnded(59)).toBe(false);
  });

  it("announce a length and get no memory for it", async () => {
    const { port } = await startNative();
    const client = await openRaw(port);
    const before = process.memoryUsage().arrayBuffers;
    const announced = Buffer.from([0, 0, 0x40, 0, 0, 0xff]);
    for (let id = 1; id < 2_000; id += 2) client.send(callHeaders(id, ECHO), frame(TYPE.DATA, 0, id, announced));
    client.send(ping());
    await client.until(() => client.count(TYPE.PING) === 1);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(20e6);
  });
});

describe("many connections", () => {
  it("above the limit are closed at once, and those below it are served", async () => {
    const { port, server } = await startNative({ server: { maxConnections: 3 } });
    const clients = [await openRaw(port), await openRaw(port), await openRaw(port)];
    const late = await connectRaw(port);
    await late.closed();
    expect(server.counters.connectionsRefused).toBe(1);
    clients[0]!.send(unaryCall(1, ECHO, "served"));
    expect((await clients[0]!.answer(1)).body.subarray(5).toString()).toBe("served");
    await clients[1]!.close();
    await expect.poll(() => server.counters.h2.connectionsOpen).toBe(2);
    const next = await openRaw(port);
    expect(next.isClosed).toBe(false);
  });
});
