import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { GrpcServer } from "../../../src/grpc-server/server.js";
import { grpcMessage } from "../../support/grpc/messages.js";
import {
  END_HEADERS,
  END_STREAM,
  frame,
  PREFACE,
  ping,
  SETTINGS_ACK,
  settings,
  TYPE,
  windowUpdate,
} from "../../support/h2/frames.js";
import { hpackLiteral, readHpackBlock } from "../../support/h2/hpack.js";
import { settle, Wire } from "../../support/h2/wire.js";

const PATH = "/test.Echo/Echo";

/** The head that a proxy sends: everything indexed the first time, one byte a field from then on. */
const FIRST_HEAD = Buffer.from([
  0x83,
  0x86,
  ...hpackLiteral(4, PATH, "indexed", true),
  ...hpackLiteral(1, "ratelimit", "indexed"),
  ...hpackLiteral("te", "trailers", "indexed"),
  ...hpackLiteral(31, "application/grpc", "indexed", true),
  ...hpackLiteral("grpc-timeout", "20000m", "indexed"),
]);
const NEXT_HEAD = Buffer.from([0x83, 0x86, 0xc2, 0xc1, 0xc0, 0xbf, 0xbe]);

function call(id: number, head: Buffer, body: string): Buffer {
  return Buffer.concat([
    frame(TYPE.HEADERS, END_HEADERS, id, head),
    frame(TYPE.DATA, END_STREAM, id, grpcMessage(body)),
  ]);
}

/** A conversation with all that a proxy does, and the ways in which frames may be cut. */
const CONVERSATION = Buffer.concat([
  PREFACE,
  settings([[4, 1_048_576]]),
  windowUpdate(0, 1_000_000),
  SETTINGS_ACK,
  call(1, FIRST_HEAD, "one"),
  call(3, NEXT_HEAD, "two"),
  ping(),
  frame(TYPE.HEADERS, 0, 5, NEXT_HEAD.subarray(0, 3)),
  frame(TYPE.CONTINUATION, END_HEADERS, 5, NEXT_HEAD.subarray(3)),
  frame(TYPE.DATA, 0, 5, grpcMessage("split in two").subarray(0, 7)),
  frame(TYPE.DATA, 0, 5),
  frame(TYPE.DATA, END_STREAM, 5, grpcMessage("split in two").subarray(7)),
  frame(TYPE.HEADERS, END_HEADERS | 8, 7, Buffer.concat([Buffer.from([4]), NEXT_HEAD, Buffer.alloc(4)])),
  frame(TYPE.DATA, 8, 7, Buffer.concat([Buffer.from([2]), grpcMessage("padded"), Buffer.alloc(2)])),
  frame(TYPE.DATA, END_STREAM, 7),
]);

const EXPECTED = { 1: "one", 3: "two", 5: "split in two", 7: "padded" };

/** Feeds the pieces one after the other. @returns the bodies of the answers, by stream */
async function converse(pieces: readonly Uint8Array[]): Promise<Record<number, string>> {
  const server = new GrpcServer();
  server.addUnary(PATH, (message) => message);
  const wire = new Wire();
  server.serve(wire, "test");
  for (const piece of pieces) {
    wire.feed(piece);
    if (pieces.length < 10) await settle();
  }
  await settle();
  const bodies: Record<number, string> = {};
  for (const { type, id, payload, flags } of wire.frames()) {
    if (type === TYPE.DATA) bodies[id] = payload.subarray(5).toString();
    if (type === TYPE.HEADERS && flags & END_STREAM) expect(readHpackBlock(payload)).toEqual([["grpc-status", "0"]]);
    if (type === TYPE.GOAWAY) bodies[0] = payload.toString("latin1");
  }
  wire.destroy();
  await server.shutdown(0);
  return bodies;
}

describe("a conversation", () => {
  it("is understood in one piece", async () => {
    expect(await converse([CONVERSATION])).toEqual(EXPECTED);
  });

  it("is understood byte by byte", async () => {
    expect(await converse([...CONVERSATION].map((byte) => Uint8Array.of(byte)))).toEqual(EXPECTED);
  });

  it("is understood however it is cut in two", async () => {
    for (let at = 1; at < CONVERSATION.length; at++) {
      expect(await converse([CONVERSATION.subarray(0, at), CONVERSATION.subarray(at)]), `cut at ${at}`).toEqual(
        EXPECTED,
      );
    }
  });

  it("is understood however it is cut in many", async () => {
    const cuts = fc.uniqueArray(fc.integer({ min: 1, max: CONVERSATION.length - 1 }), { maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(cuts, async (places) => {
        const sorted = [0, ...places.sort((a, b) => a - b), CONVERSATION.length];
        const pieces = sorted.slice(1).map((end, index) => CONVERSATION.subarray(sorted[index], end));
        expect(await converse(pieces)).toEqual(EXPECTED);
      }),
      { numRuns: 100 },
    );
  });

  it("is answered in one write a piece of input", async () => {
    const server = new GrpcServer();
    server.addUnary(PATH, (message) => message);
    const wire = new Wire();
    server.serve(wire, "test");
    wire.feed(PREFACE, settings(), SETTINGS_ACK, call(1, FIRST_HEAD, "first"));
    await settle();
    const before = wire.sent.length;
    wire.feed(...Array.from({ length: 50 }, (_, at) => call(3 + 2 * at, NEXT_HEAD, `call ${at}`)));
    await settle();
    expect(wire.sent.length - before).toBe(1);
    expect(wire.frames().filter(({ type }) => type === TYPE.DATA)).toHaveLength(51);
    wire.destroy();
    await server.shutdown(0);
  });

  it("is answered in one write where answers come later, together", async () => {
    let answer = (): void => {};
    const later = new Promise<void>((resolve) => {
      answer = resolve;
    });
    const server = new GrpcServer();
    server.addUnary(PATH, (message) => later.then(() => message));
    const wire = new Wire();
    server.serve(wire, "test");
    wire.feed(PREFACE, settings(), SETTINGS_ACK, call(1, FIRST_HEAD, "first"));
    wire.feed(...Array.from({ length: 50 }, (_, at) => call(3 + 2 * at, NEXT_HEAD, `call ${at}`)));
    await settle();
    const before = wire.sent.length;
    answer();
    await settle();
    expect(wire.sent.length - before).toBe(1);
    expect(wire.frames().filter(({ type }) => type === TYPE.DATA)).toHaveLength(51);
    wire.destroy();
    await server.shutdown(0);
  });
});
