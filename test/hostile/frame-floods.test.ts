import { describe, expect, it } from "vitest";
import type { H2Limits } from "../../src/h2/limits.js";
import { callHeaders, unaryCall } from "../support/grpc/messages.js";
import { ECHO, openRaw, startNative } from "../support/grpc/native-server.js";
import { withBystander } from "../support/h2/bystander.js";
import {
  END_STREAM,
  frame,
  ping,
  reset,
  SETTINGS_ACK,
  settings,
  TYPE,
  uint32,
  windowUpdate,
} from "../support/h2/frames.js";
import { hpackBlock } from "../support/h2/hpack.js";
import type { RawClient } from "../support/h2/raw-client.js";

const ENHANCE_YOUR_CALM = 11;
const FRAMES = 30_000;
const AT_ONCE = 500;

/** What a flood is made of: `begin` goes first, then `piece` with its number, again and again. */
interface Flood {
  readonly name: string;
  readonly limit: Partial<H2Limits>;
  readonly begin?: Buffer;
  readonly piece: (index: number) => Buffer;
}

const OVERHEAD = { overheadBurst: Number.POSITIVE_INFINITY };

const FLOODS: readonly Flood[] = [
  { name: "PING", limit: OVERHEAD, piece: () => ping() },
  { name: "acknowledgements of no PING", limit: OVERHEAD, piece: () => ping("87654321", 1) },
  { name: "SETTINGS", limit: OVERHEAD, piece: () => settings() },
  { name: "SETTINGS that change all windows", limit: OVERHEAD, piece: (at) => settings([[4, 60_000 + (at % 2)]]) },
  { name: "acknowledgements of SETTINGS", limit: OVERHEAD, piece: () => SETTINGS_ACK },
  { name: "empty DATA", limit: OVERHEAD, begin: callHeaders(1, ECHO), piece: () => frame(TYPE.DATA, 0, 1) },
  {
    name: "DATA of padding",
    limit: OVERHEAD,
    begin: callHeaders(1, ECHO),
    piece: () => frame(TYPE.DATA, 8, 1, Buffer.from([2, 0, 0])),
  },
  { name: "WINDOW_UPDATE of the connection", limit: OVERHEAD, piece: () => windowUpdate(0, 1) },
  { name: "WINDOW_UPDATE of a stream", limit: OVERHEAD, begin: callHeaders(1, ECHO), piece: () => windowUpdate(1, 1) },
  {
    name: "PRIORITY",
    limit: OVERHEAD,
    piece: (at) => frame(TYPE.PRIORITY, 0, 1 + 2 * at, Buffer.from([0, 0, 0, 0, 7])),
  },
  { name: "frames of unknown types", limit: OVERHEAD, piece: () => frame(0xee, 0, 0, Buffer.from("what")) },
  {
    name: "GOAWAY",
    limit: OVERHEAD,
    begin: callHeaders(1, ECHO),
    piece: () => frame(TYPE.GOAWAY, 0, 0, Buffer.alloc(8)),
  },
  { name: "resets of closed streams", limit: OVERHEAD, begin: unaryCall(1, ECHO, "x"), piece: () => reset(1) },
  {
    name: "DATA on closed streams",
    limit: OVERHEAD,
    begin: unaryCall(1, ECHO, "x"),
    piece: () => frame(TYPE.DATA, END_STREAM, 1, Buffer.from("x")),
  },
  {
    name: "streams that we are made to reset (CVE-2025-8671)",
    limit: OVERHEAD,
    piece: (at) => Buffer.concat([callHeaders(1 + 2 * at, ECHO), windowUpdate(1 + 2 * at, 0)]),
  },
  {
    name: "malformed requests",
    limit: OVERHEAD,
    piece: (at) => frame(TYPE.HEADERS, 5, 1 + 2 * at, hpackBlock([["no", "pseudo fields"]])),
  },
  {
    name: "streams reset as soon as they are opened (CVE-2023-44487)",
    limit: { quickResetBurst: Number.POSITIVE_INFINITY },
    piece: (at) => Buffer.concat([callHeaders(1 + 2 * at, ECHO), reset(1 + 2 * at)]),
  },
];

/** Sends the flood until it is all sent, or the server has enough of it. */
async function pour(client: RawClient, flood: Flood): Promise<void> {
  if (flood.begin !== undefined) client.send(flood.begin);
  for (let at = 0; at < FRAMES && client.goAwayCodes().length === 0 && !client.isClosed; at += AT_ONCE) {
    await client.sendAll(Buffer.concat(Array.from({ length: AT_ONCE }, (_, index) => flood.piece(at + index))));
  }
}

/** Lower bounds, so that floods are short; the defaults differ in their numbers only. */
const LOW: Partial<H2Limits> = { overheadBurst: 5_000, quickResetBurst: 5_000, quickResetsPerSecond: 100 };

describe.each(FLOODS)("a flood of $name", (flood) => {
  it("ends with ENHANCE_YOUR_CALM, and others are served", async () => {
    const { port, server } = await startNative({ h2: LOW });
    await withBystander(port, async () => {
      const client = await openRaw(port);
      await pour(client, flood);
      await client.closed();
      expect(client.goAwayCodes()).toEqual([ENHANCE_YOUR_CALM]);
    });
    expect(server.counters.h2.connectionErrors.ENHANCE_YOUR_CALM).toBe(1);
  });

  it("goes on without that limit", async () => {
    const { port } = await startNative({ h2: { ...LOW, ...flood.limit } });
    const client = await openRaw(port);
    await pour(client, flood);
    client.send(ping("the end!"));
    await client.until(() => client.frames.some(({ payload }) => payload.toString() === "the end!"));
    expect(client.goAwayCodes()).toEqual([]);
  });
});

describe("frames of use", () => {
  it("make up for frames that ask for no work", async () => {
    const { port } = await startNative({ h2: { overheadBurst: 200, overheadPerSecond: 0 } });
    const client = await openRaw(port);
    for (let at = 0; at < 2_000; at++) {
      client.send(unaryCall(1 + 2 * at, ECHO, "x"), windowUpdate(0, 15), ping(), ping());
      if (at % 100 === 99) await client.answer(1 + 2 * at);
    }
    expect(client.goAwayCodes()).toEqual([]);
    expect(client.isClosed).toBe(false);
  });

  it("come back with time", async () => {
    const { port } = await startNative({ h2: { overheadBurst: 100, overheadPerSecond: 10_000 } });
    const client = await openRaw(port);
    for (let at = 0; at < 20; at++) {
      await client.sendAll(Buffer.concat(Array.from({ length: 50 }, () => ping())));
      const acks = 50 * (at + 1);
      await client.until(() => client.count(TYPE.PING) >= acks);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect(client.goAwayCodes()).toEqual([]);
  });
});

describe("a request over a stream that cannot be", () => {
  it.each([
    [
      "WINDOW_UPDATE above the largest window",
      Buffer.concat([windowUpdate(0, 2 ** 31 - 1), windowUpdate(0, 2 ** 31 - 1)]),
      3,
    ],
    ["an initial window above the largest", settings([[4, 2 ** 31]]), 3],
    ["a frame above the limit", frame(TYPE.PING, 0, 0, Buffer.alloc(16_385)), 6],
    ["a reset of an idle stream", frame(TYPE.RST_STREAM, 0, 9, uint32(8)), 1],
  ])("%s ends the connection", async (_name, bytes, code) => {
    const { port } = await startNative();
    const client = await openRaw(port);
    client.send(bytes);
    await client.closed();
    expect(client.goAwayCodes()).toEqual([code]);
  });
});
