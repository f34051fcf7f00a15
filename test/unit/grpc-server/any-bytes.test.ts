import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { GrpcServer } from "../../../src/grpc-server/server.js";
import { callHeaders, grpcMessage, unaryCall } from "../../support/grpc/messages.js";
import {
  END_STREAM,
  frame,
  PREFACE,
  ping,
  reset,
  SETTINGS_ACK,
  settings,
  TYPE,
  windowUpdate,
} from "../../support/h2/frames.js";
import { settle, Wire } from "../../support/h2/wire.js";

const PATH = "/test.Echo/Echo";

/** What an honest client may say, to be mutated. */
const HONEST: readonly Buffer[] = [
  settings([[4, 70_000]]),
  SETTINGS_ACK,
  unaryCall(1, PATH, "hello"),
  unaryCall(3, PATH, "with timeout", [["grpc-timeout", "5m"]]),
  callHeaders(5, PATH),
  frame(TYPE.DATA, 0, 5, grpcMessage("cut").subarray(0, 6)),
  frame(TYPE.DATA, END_STREAM, 5, grpcMessage("cut").subarray(6)),
  callHeaders(7, PATH, [["x-long", "v".repeat(300)]], 0),
  frame(TYPE.CONTINUATION, 4, 7, Buffer.from([0x82])),
  reset(7),
  ping(),
  windowUpdate(0, 100),
  windowUpdate(1, 100),
  frame(TYPE.GOAWAY, 0, 0, Buffer.alloc(8)),
  unaryCall(9, "/no.Such/Method", ""),
  unaryCall(11, PATH, "zip", [["grpc-encoding", "gzip"]]),
];

const randomFrame = fc
  .record({
    type: fc.integer({ min: 0, max: 12 }),
    flags: fc.constantFrom(0, 1, 4, 5, 8, 9, 0x0d, 0x20, 0x25, 0xff),
    id: fc.constantFrom(0, 1, 2, 3, 5, 7, 9, 11, 13, 0x7fffffff),
    payload: fc.uint8Array({ maxLength: 40 }),
  })
  .map(({ type, flags, id, payload }) => frame(type, flags, id, payload));

const mutated = fc.record({ pick: fc.nat(), at: fc.nat(), byte: fc.nat({ max: 255 }) }).map(({ pick, at, byte }) => {
  const copy = Buffer.from(HONEST[pick % HONEST.length]!);
  copy[at % copy.length] = byte;
  return copy;
});

const piece = fc.oneof(
  { weight: 3, arbitrary: fc.nat().map((pick) => HONEST[pick % HONEST.length]!) },
  { weight: 3, arbitrary: mutated },
  { weight: 2, arbitrary: randomFrame },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 30 }).map((bytes) => Buffer.from(bytes)) },
);

describe("any bytes on a connection", () => {
  it("end it at most, and leave the server as it was", async () => {
    const faults: unknown[] = [];
    const server = new GrpcServer({ onFault: (error) => faults.push(error) });
    server.addUnary(PATH, (message, call) => (call.remainingMillis < 100 ? new Promise(() => {}) : message));
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 25 }), fc.boolean(), async (pieces, isGreeted) => {
        const wire = new Wire();
        server.serve(wire, "test");
        if (isGreeted) wire.feed(PREFACE, settings());
        for (const bytes of pieces) wire.feed(bytes);
        await settle();
        const goAways = wire.frames().filter(({ type }) => type === TYPE.GOAWAY);
        expect(goAways.length).toBeLessThanOrEqual(1);
        if (goAways.length === 1) expect(wire.isEndedByServer).toBe(true);
        wire.destroy();
        await settle();
      }),
      { numRuns: 2_000 },
    );
    expect(faults).toEqual([]);
    const { h2 } = server.counters;
    expect(h2.connectionErrors.INTERNAL_ERROR).toBe(0);
    expect({ open: h2.connectionsOpen, streams: h2.streamsOpen }).toEqual({ open: 0, streams: 0 });

    const wire = new Wire();
    server.serve(wire, "test");
    wire.feed(PREFACE, settings(), SETTINGS_ACK, unaryCall(1, PATH, "still here"));
    await settle();
    expect(
      wire
        .frames()
        .find(({ type }) => type === TYPE.DATA)
        ?.payload.subarray(5)
        .toString(),
    ).toBe("still here");
    wire.destroy();
    await server.shutdown(0);
  });
});
