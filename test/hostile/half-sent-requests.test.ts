import { describe, expect, it } from "vitest";
import { callHeaders, grpcMessage, unaryCall } from "../support/grpc/messages.js";
import { ECHO, openRaw, startNative } from "../support/grpc/native-server.js";
import { TEXT_SERVICE } from "../support/grpc/text-service.js";
import { withBystander } from "../support/h2/bystander.js";
import { END_HEADERS, END_STREAM, frame, ping, TYPE } from "../support/h2/frames.js";
import { hpackBlock } from "../support/h2/hpack.js";
import type { RawClient } from "../support/h2/raw-client.js";

const CANCEL = 8;
const ENHANCE_YOUR_CALM = 11;
const FOREVER = Number.POSITIVE_INFINITY;

const pause = (millis: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, millis));

/** Sends a call whose message comes in two parts. */
async function splitCall(client: RawClient, id: number): Promise<string | undefined> {
  const message = grpcMessage("in two parts");
  client.send(callHeaders(id, ECHO), frame(TYPE.DATA, 0, id, message.subarray(0, 9)));
  client.send(frame(TYPE.DATA, END_STREAM, id, message.subarray(9)));
  return (await client.answer(id)).trailers.get("grpc-status");
}

describe("memory for messages of which a part has come", () => {
  it("is given back when the call has been answered before the part", async () => {
    const { port } = await startNative({ server: { maxPartialBytes: 3_005 } });
    const client = await openRaw(port);
    const oneTooMany = Buffer.concat([grpcMessage("one"), grpcMessage("two"), grpcMessage(Buffer.alloc(5_000))]);
    for (let id = 1; id < 100; id += 2) {
      client.send(callHeaders(id, ECHO), frame(TYPE.DATA, 0, id, oneTooMany.subarray(0, -2_000)));
      expect((await client.answer(id)).trailers.get("grpc-status")).toBe("12");
    }
    expect(await splitCall(client, 101)).toBe("0");
  });

  it("is given back when the peer leaves it at that", async () => {
    const { port, server } = await startNative({ server: { maxPartialBytes: 10_000 } });
    const leaver = await openRaw(port);
    const part = grpcMessage(Buffer.alloc(50_000)).subarray(0, 8_000);
    leaver.send(callHeaders(1, ECHO), frame(TYPE.DATA, 0, 1, part), ping());
    await leaver.until(() => leaver.count(TYPE.PING) === 1);
    const client = await openRaw(port);
    client.send(callHeaders(1, ECHO), frame(TYPE.DATA, 0, 1, part));
    expect((await client.answer(1)).trailers.get("grpc-status")).toBe("8");
    await leaver.close();
    await expect.poll(() => server.counters.h2.connectionsOpen).toBe(1);
    expect(await splitCall(client, 3)).toBe("0");
  });
});

/** Starts a server whose limits of time are short. */
const quick = (h2: object) => startNative({ h2, server: { sweepMillis: 20 } });

/** The first halves of requests. */
const HALVES = [
  ["a head and nothing more", callHeaders(1, ECHO)],
  [
    "half a message",
    Buffer.concat([callHeaders(1, ECHO), frame(TYPE.DATA, 0, 1, grpcMessage("in two parts").subarray(0, 9))]),
  ],
  ["the head of a method that nobody has, and no end", callHeaders(1, "/no.grpc", [["x-not", "grpc"]])],
] as const;

describe("a request that is never whole", () => {
  it.each(HALVES)("of %s is given up after a time, and the connection goes on", async (_name, half) => {
    const { port, server } = await quick({ requestMillis: 150 });
    const client = await openRaw(port);
    client.send(half.subarray());
    await client.until(() => client.isEnded(1));
    client.send(unaryCall(3, ECHO, "whole"));
    expect((await client.answer(3)).body.subarray(5).toString()).toBe("whole");
    expect(server.counters.h2.streamsOpen).toBe(0);
  });

  it("is counted, and told CANCEL", async () => {
    const { port, server } = await quick({ requestMillis: 100 });
    const client = await openRaw(port);
    client.send(callHeaders(1, ECHO), callHeaders(3, ECHO));
    await client.until(() => client.isEnded(1) && client.isEnded(3));
    expect([client.resetCode(1), client.resetCode(3)]).toEqual([CANCEL, CANCEL]);
    expect(server.counters.h2.timeouts.request).toBe(2);
    expect(server.counters.calls.cancelled).toBe(2);
  });

  it("stays without the limit", async () => {
    const { port } = await quick({ requestMillis: FOREVER });
    const client = await openRaw(port);
    client.send(callHeaders(1, ECHO));
    await pause(250);
    client.send(frame(TYPE.DATA, END_STREAM, 1, grpcMessage("late")));
    expect((await client.answer(1)).body.subarray(5).toString()).toBe("late");
  });

  it("may take as long as it likes where it streams", async () => {
    const { port, server } = await quick({ requestMillis: 100 });
    server.addService(TEXT_SERVICE, {
      Collect: (call: NodeJS.ReadableStream, send: (error: null, text: string) => void) => {
        const texts: string[] = [];
        call.on("data", (text: string) => texts.push(text));
        call.on("end", () => send(null, texts.join()));
      },
    });
    const client = await openRaw(port);
    client.send(callHeaders(1, TEXT_SERVICE.Collect.path), frame(TYPE.DATA, 0, 1, grpcMessage("early")));
    await pause(300);
    client.send(frame(TYPE.DATA, END_STREAM, 1, grpcMessage("late")));
    expect((await client.answer(1)).body.subarray(5).toString()).toBe("early,late");
  });

  it("is not one whose answer takes long", async () => {
    const later = (message: Buffer) => pause(300).then(() => message);
    const { port } = await startNative({ h2: { requestMillis: 100 }, server: { sweepMillis: 20 } }, { "/a/b": later });
    const client = await openRaw(port);
    client.send(unaryCall(1, "/a/b", "patience"));
    expect((await client.answer(1)).body.subarray(5).toString()).toBe("patience");
  });
});

/** Sends one byte after the other, a little apart, until the server has enough or the bytes are out. */
async function dribble(client: RawClient, bytes: Buffer, apart: number): Promise<void> {
  for (const byte of bytes) {
    if (client.isClosed) return;
    await client.sendAll(Buffer.of(byte));
    await pause(apart);
  }
}

const BLOCK = hpackBlock([["x", "v".repeat(300)]]);

describe("a frame that comes byte by byte", () => {
  it.each([
    ["of data", Buffer.concat([callHeaders(1, ECHO), frame(TYPE.DATA, 0, 1, Buffer.alloc(300))])],
    ["of headers", frame(TYPE.HEADERS, END_HEADERS, 1, BLOCK)],
  ])("%s ends the connection after a time", async (_name, bytes) => {
    const { port, server } = await quick({ frameMillis: 200 });
    await withBystander(port, async () => {
      const client = await openRaw(port);
      const headBytes = bytes.length - 300;
      await client.sendAll(bytes.subarray(0, headBytes));
      await dribble(client, bytes.subarray(headBytes), 10);
      await client.closed();
      expect(client.goAwayCodes()).toEqual([ENHANCE_YOUR_CALM]);
    });
    expect(server.counters.h2.timeouts.frame).toBe(1);
  });

  it("is taken without the limit", async () => {
    const { port } = await quick({ frameMillis: FOREVER });
    const client = await openRaw(port);
    await dribble(client, unaryCall(1, ECHO, "slowly"), 5);
    expect((await client.answer(1)).body.subarray(5).toString()).toBe("slowly");
  });

  it("is no reason where the next one follows, though one is always under way", async () => {
    const { port } = await quick({ frameMillis: 200 });
    const client = await openRaw(port);
    const pings = Buffer.concat(Array.from({ length: 60 }, () => ping()));
    await client.sendAll(pings.subarray(0, 5));
    for (let at = 5; at < pings.length; at += 17) {
      await client.sendAll(pings.subarray(at, at + 17));
      await pause(10);
    }
    await client.until(() => client.count(TYPE.PING) === 60);
    expect(client.isClosed).toBe(false);
  });
});

describe("a header block whose parts come one by one", () => {
  it("ends the connection after a time", async () => {
    const { port } = await quick({ frameMillis: 200 });
    const client = await openRaw(port);
    client.send(callHeaders(1, ECHO, [], 0));
    for (let at = 0; at < 6; at++) {
      await pause(60);
      client.send(frame(TYPE.CONTINUATION, 0, 1, Buffer.alloc(0)));
    }
    await client.closed();
    expect(client.goAwayCodes()).toEqual([ENHANCE_YOUR_CALM]);
  });
});
