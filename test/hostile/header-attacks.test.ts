import { describe, expect, it } from "vitest";
import { callFields, callHeaders, unaryCall } from "../support/grpc/messages.js";
import { ECHO, openRaw, startNative } from "../support/grpc/native-server.js";
import { withBystander } from "../support/h2/bystander.js";
import { END_HEADERS, END_STREAM, frame, TYPE } from "../support/h2/frames.js";
import { hpackBlock, hpackInteger, hpackLiteral } from "../support/h2/hpack.js";
import type { RawClient } from "../support/h2/raw-client.js";

const ENHANCE_YOUR_CALM = 11;
const COMPRESSION_ERROR = 9;
const UNBOUNDED = Number.POSITIVE_INFINITY;

/** Sends a header block that does not end (CVE-2024-27316), a field of `bytes` a frame. */
async function endlessBlock(client: RawClient, frames: number, bytes: number): Promise<void> {
  client.send(callHeaders(1, ECHO, [], 0));
  const part = frame(TYPE.CONTINUATION, 0, 1, Buffer.from(hpackLiteral("x", "v".repeat(bytes))));
  for (let at = 0; at < frames && !client.isClosed; at++) await client.sendAll(part);
}

describe("a header block that does not end", () => {
  it.each([
    ["many frames", { maxHeaderBlockBytes: UNBOUNDED }, 1_000, 1],
    ["many bytes", { maxContinuations: UNBOUNDED }, 1_000, 4_000],
  ])("of %s ends the connection", async (_name, otherLimit, frames, bytes) => {
    const { port } = await startNative({ h2: otherLimit });
    await withBystander(port, async () => {
      const client = await openRaw(port);
      await endlessBlock(client, frames, bytes);
      await client.closed();
      expect(client.goAwayCodes()).toEqual([ENHANCE_YOUR_CALM]);
    });
  });

  it("goes on without the limits", async () => {
    const { port } = await startNative({ h2: { maxContinuations: UNBOUNDED, maxHeaderBlockBytes: UNBOUNDED } });
    const client = await openRaw(port);
    await endlessBlock(client, 1_000, 1_000);
    client.send(frame(TYPE.CONTINUATION, END_HEADERS, 1));
    expect((await client.answer(1)).headers.get(":status")).toBe("431");
  });

  it("whose end never comes lets other connections be", async () => {
    const { port } = await startNative();
    const client = await openRaw(port);
    client.send(callHeaders(1, ECHO, [], 0));
    await withBystander(port, async () => {});
    client.send(frame(TYPE.PING, 0, 0, Buffer.alloc(8)));
    await client.closed();
    expect(client.goAwayCodes()).toEqual([1]);
  });
});

describe("headers over the limit", () => {
  const big = [["x-big", "v".repeat(17_000)]] as const;

  it("are answered 431, and the connection goes on", async () => {
    const { port, server } = await startNative();
    const client = await openRaw(port);
    const block = hpackBlock(callFields(ECHO, big));
    client.send(
      frame(TYPE.HEADERS, END_STREAM, 1, block.subarray(0, 10_000)),
      frame(TYPE.CONTINUATION, END_HEADERS, 1, block.subarray(10_000)),
      unaryCall(3, ECHO, "next"),
    );
    expect((await client.answer(1)).headers.get(":status")).toBe("431");
    expect((await client.answer(3)).body.subarray(5).toString()).toBe("next");
    expect(server.counters.h2.headersTooLarge).toBe(1);
  });

  it("are taken without the limit", async () => {
    const { port } = await startNative({ h2: { maxHeaderListBytes: 100_000, maxHeaderBlockBytes: 100_000 } });
    const client = await openRaw(port);
    const block = hpackBlock(callFields(ECHO, big));
    client.send(frame(TYPE.HEADERS, 0, 1, block.subarray(0, 10_000)));
    client.send(frame(TYPE.CONTINUATION, END_HEADERS, 1, block.subarray(10_000)));
    client.send(frame(TYPE.DATA, END_STREAM, 1, Buffer.alloc(5)));
    expect((await client.answer(1)).trailers.get("grpc-status")).toBe("0");
  });
});

describe("an HPACK bomb", () => {
  /** One field of 4,000 bytes put into the table, then called up by one byte a time: 64 MB a block. */
  const bomb = (id: number, isFirst: boolean): Buffer => {
    const head = hpackBlock(callFields(ECHO));
    const seed = isFirst ? hpackLiteral("bomb", "v".repeat(4_000), "indexed") : [];
    const fuse = Buffer.alloc(16_000 - head.length - seed.length, 0x80 | 62);
    return frame(TYPE.HEADERS, END_HEADERS | END_STREAM, id, Buffer.concat([head, Buffer.from(seed), fuse]));
  };

  it("is answered 431 and takes little memory", async () => {
    const { port } = await startNative();
    await withBystander(port, async () => {
      const client = await openRaw(port);
      const before = process.memoryUsage();
      for (let at = 0; at < 100; at++) {
        client.send(bomb(1 + 2 * at, at === 0));
        expect((await client.answer(1 + 2 * at)).headers.get(":status")).toBe("431");
      }
      const after = process.memoryUsage();
      expect(after.heapUsed + after.external - before.heapUsed - before.external).toBeLessThan(100e6);
    });
  });
});

describe("games with the table's size", () => {
  it("above the limit end the connection", async () => {
    const { port } = await startNative();
    const client = await openRaw(port);
    const block = Buffer.concat([Buffer.from(hpackInteger(4_097, 5, 0x20)), hpackBlock(callFields(ECHO))]);
    client.send(frame(TYPE.HEADERS, END_HEADERS, 1, block));
    await client.closed();
    expect(client.goAwayCodes()).toEqual([COMPRESSION_ERROR]);
  });

  it("below it are followed, thousands in one block too", async () => {
    const { port } = await startNative();
    const client = await openRaw(port);
    const games = Array.from({ length: 3_000 }, (_, at) => hpackInteger(at % 2 === 0 ? 0 : 4_096, 5, 0x20)).flat();
    const fill = Array.from({ length: 100 }, () => hpackLiteral("k", "", "indexed")).flat();
    const block = Buffer.concat([Buffer.from(games), hpackBlock(callFields(ECHO)), Buffer.from(fill)]);
    for (let id = 1; id < 40; id += 2) {
      client.send(frame(TYPE.HEADERS, END_HEADERS, id, block), frame(TYPE.DATA, END_STREAM, id, Buffer.alloc(5)));
      expect((await client.answer(id)).trailers.get("grpc-status")).toBe("0");
    }
  });

  it("are held to a smaller limit of ours", async () => {
    const { port } = await startNative({ h2: { headerTableBytes: 64 } });
    const client = await openRaw(port);
    // The client has acknowledged the limit and goes on as if it had not.
    client.send(unaryCall(1, ECHO, "x"));
    await client.closed();
    expect(client.goAwayCodes()).toEqual([COMPRESSION_ERROR]);
  });
});
