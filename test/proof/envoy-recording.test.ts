import { readFileSync } from "node:fs";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { GrpcServer } from "../../src/grpc-server/server.js";
import type { UnaryHandler } from "../../src/grpc-server/unary-call.js";
import { PREFACE, readFrames, TYPE } from "../support/h2/frames.js";
import { readHpackBlock } from "../support/h2/hpack.js";
import { settle, Wire } from "../support/h2/wire.js";

interface Recording {
  readonly envoy: string;
  readonly method: string;
  /** All that Envoy sent over one connection, base64. */
  readonly bytes: readonly string[];
}

/** Made by scripts/record-envoy.mjs. */
const RECORDING = JSON.parse(readFileSync(new URL("envoy-recording.json", import.meta.url), "utf8")) as Recording;
const BYTES = Buffer.from(RECORDING.bytes.join(""), "base64");

/** Answers as the server did when it was recorded. */
const answer: UnaryHandler = (message, call) => {
  const text = message.toString("latin1");
  if (text.includes("hang")) return new Promise((resolve) => call.onCancel(() => resolve({ code: 1 })));
  if (text.includes("fail")) return { code: 14, details: "the store is away" };
  return Buffer.from([0x08, text.includes("limit me") ? 2 : 1]);
};

/** What Envoy hears: an answer a stream, and its pings back. */
interface Heard {
  readonly answers: Record<number, string>;
  readonly pings: string[];
  readonly settingsAcks: number;
  readonly goAways: number;
}

/** What it must hear, from the recording itself. What is sent on streams that it gives up is not listened to. */
function expectedToHear(): Heard {
  const { frames } = readFrames(BYTES.subarray(PREFACE.length));
  const answers: Record<number, string> = {};
  const pings: string[] = [];
  for (const { type, id, payload } of frames) {
    if (type === TYPE.PING) pings.push(payload.toString("hex"));
    if (type === TYPE.RST_STREAM) delete answers[id];
    if (type !== TYPE.DATA) continue;
    const text = payload.toString("latin1");
    const overall = text.includes("limit me") ? 2 : 1;
    answers[id] = text.includes("fail") ? "14 the store is away" : `0 message 0000000002080${overall}`;
  }
  return { answers, pings, settingsAcks: 1, goAways: 0 };
}

const EXPECTED = expectedToHear();

// The calls have the 20 ms of the proxy. On a clock that stands still they do not run out, however slow the machine is.
beforeEach(() => void vi.useFakeTimers({ toFake: ["performance"] }));
afterEach(() => void vi.useRealTimers());

/** Says the recording in these pieces, each alone. */
async function replay(pieces: readonly Uint8Array[], pausing = true): Promise<Heard> {
  const server = new GrpcServer();
  server.addUnary(RECORDING.method, answer);
  const wire = new Wire();
  server.serve(wire, "envoy");
  for (const piece of pieces) {
    wire.feed(piece);
    if (pausing) await settle();
  }
  await settle();
  const heard = listen(wire);
  expect(server.counters.h2.streamsOpen).toBe(0);
  wire.destroy();
  await server.shutdown(0);
  return heard;
}

function listen(wire: Wire): Heard {
  const answers: Record<number, string> = {};
  const pings: string[] = [];
  const frames = wire.frames();
  const bodies = new Map<number, string>();
  for (const { type, flags, id, payload } of frames) {
    if (type === TYPE.DATA) bodies.set(id, ` message ${payload.toString("hex")}`);
    if (type === TYPE.PING) pings.push(payload.toString("hex"));
    if (type !== TYPE.HEADERS || (flags & 1) === 0 || EXPECTED.answers[id] === undefined) continue;
    const fields = new Map(readHpackBlock(payload));
    const message = fields.has("grpc-message") ? ` ${fields.get("grpc-message")}` : "";
    answers[id] = `${fields.get("grpc-status")}${message}${bodies.get(id) ?? ""}`;
  }
  const acks = frames.filter(({ type, flags }) => type === TYPE.SETTINGS && flags === 1);
  return {
    answers,
    pings,
    settingsAcks: acks.length,
    goAways: frames.filter(({ type }) => type === TYPE.GOAWAY).length,
  };
}

describe("a recorded conversation with Envoy 1.40", () => {
  it("has calls that went well, were limited, failed, and were given up, and pings", () => {
    const answers = Object.values(EXPECTED.answers);
    expect(RECORDING.envoy).toBe("1.40.0");
    expect(answers.filter((text) => text.endsWith("01")).length).toBeGreaterThanOrEqual(10);
    expect(answers.filter((text) => text.endsWith("02"))).toHaveLength(1);
    expect(answers.filter((text) => text.startsWith("14"))).toHaveLength(1);
    expect(EXPECTED.pings.length).toBeGreaterThan(0);
    const resets = readFrames(BYTES.subarray(PREFACE.length)).frames.filter(({ type }) => type === TYPE.RST_STREAM);
    expect(resets).toHaveLength(3);
  });

  it("is answered in one piece", async () => {
    expect(await replay([BYTES])).toEqual(EXPECTED);
  });

  it("is answered byte by byte", async () => {
    const bytes = [...BYTES].map((byte) => Uint8Array.of(byte));
    expect(await replay(bytes, false)).toEqual(EXPECTED);
    expect(await replay(bytes)).toEqual(EXPECTED);
  });

  it("is answered the same, wherever it is cut in two", async () => {
    for (let at = 1; at < BYTES.length; at++) {
      expect(await replay([BYTES.subarray(0, at), BYTES.subarray(at)]), `cut at ${at}`).toEqual(EXPECTED);
    }
  });

  it("is answered the same, wherever it is cut in many", async () => {
    const cuts = fc.uniqueArray(fc.integer({ min: 1, max: BYTES.length - 1 }), { minLength: 2, maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(cuts, async (places) => {
        const edges = [0, ...places.sort((a, b) => a - b), BYTES.length];
        const pieces = edges.slice(1).map((end, index) => BYTES.subarray(edges[index], end));
        expect(await replay(pieces)).toEqual(EXPECTED);
      }),
      { numRuns: 200 },
    );
  });
});
