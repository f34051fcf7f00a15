import { describe, expect, it } from "vitest";
import { GrpcServer } from "../../../src/grpc-server/server.js";
import { callFields, callHeaders, grpcMessage, unaryCall } from "../../support/grpc/messages.js";
import {
  ACK,
  END_HEADERS,
  END_STREAM,
  frame,
  PREFACE,
  ping,
  reset,
  SETTINGS_ACK,
  settings,
  type TestFrame,
  TYPE,
  uint32,
  windowUpdate,
} from "../../support/h2/frames.js";
import { hpackBlock, type TestField } from "../../support/h2/hpack.js";
import { settle, Wire } from "../../support/h2/wire.js";

const ECHO = "/test.Echo/Echo";
const [PROTOCOL_ERROR, FLOW_CONTROL_ERROR, STREAM_CLOSED, FRAME_SIZE_ERROR] = [1, 3, 5, 6];
const CLOSED_3 = unaryCall(3, ECHO, "x");
const OPEN_3 = callHeaders(3, ECHO);

/** What a greeted connection sends back for these bytes, after its settings and their acknowledgement. */
async function replies(...parts: Uint8Array[]): Promise<{ frames: TestFrame[]; isEnded: boolean }> {
  const server = new GrpcServer();
  server.addUnary(ECHO, (message) => message);
  server.addUnary("/test.Echo/Never", () => new Promise(() => {}));
  const wire = new Wire();
  server.serve(wire, "test");
  wire.feed(PREFACE, settings(), SETTINGS_ACK);
  await settle();
  const before = wire.frames().length;
  wire.feed(...parts);
  await settle();
  const result = { frames: wire.frames().slice(before), isEnded: wire.isEndedByServer };
  wire.destroy();
  await server.shutdown(0);
  return result;
}

const request = (id: number, fields: readonly TestField[], flags = END_HEADERS | END_STREAM): Buffer =>
  frame(TYPE.HEADERS, flags, id, hpackBlock(fields));

describe("faults that end the connection", () => {
  it.each<[string, number, Buffer[]]>([
    ["DATA on no stream", PROTOCOL_ERROR, [frame(TYPE.DATA, 0, 0, Buffer.from("x"))]],
    ["DATA on an idle stream", PROTOCOL_ERROR, [frame(TYPE.DATA, 0, 3, Buffer.from("x"))]],
    ["DATA with more padding than bytes", PROTOCOL_ERROR, [OPEN_3, frame(TYPE.DATA, 8, 3, Buffer.from([3, 0, 0]))]],
    ["DATA padded and empty", PROTOCOL_ERROR, [OPEN_3, frame(TYPE.DATA, 8, 3)]],
    ["HEADERS on no stream", PROTOCOL_ERROR, [callHeaders(0, ECHO)]],
    ["HEADERS on a stream of ours", PROTOCOL_ERROR, [callHeaders(2, ECHO)]],
    ["HEADERS on a stream that was skipped", PROTOCOL_ERROR, [callHeaders(5, ECHO), OPEN_3]],
    ["HEADERS on a closed stream", STREAM_CLOSED, [CLOSED_3, OPEN_3]],
    ["HEADERS too short for their priority", FRAME_SIZE_ERROR, [frame(TYPE.HEADERS, 0x24, 3, Buffer.alloc(4))]],
    ["a frame inside a header block", PROTOCOL_ERROR, [callHeaders(3, ECHO, [], 0), ping()]],
    ["CONTINUATION of another stream", PROTOCOL_ERROR, [callHeaders(3, ECHO, [], 0), frame(TYPE.CONTINUATION, 4, 5)]],
    ["CONTINUATION without HEADERS", PROTOCOL_ERROR, [frame(TYPE.CONTINUATION, 4, 3)]],
    ["PRIORITY on no stream", PROTOCOL_ERROR, [frame(TYPE.PRIORITY, 0, 0, Buffer.alloc(5))]],
    ["RST_STREAM on an idle stream", PROTOCOL_ERROR, [reset(3)]],
    ["RST_STREAM on no stream", PROTOCOL_ERROR, [reset(0)]],
    ["RST_STREAM of a wrong length", FRAME_SIZE_ERROR, [OPEN_3, frame(TYPE.RST_STREAM, 0, 3, Buffer.alloc(3))]],
    ["SETTINGS on a stream", PROTOCOL_ERROR, [frame(TYPE.SETTINGS, 0, 3)]],
    ["SETTINGS of a wrong length", FRAME_SIZE_ERROR, [frame(TYPE.SETTINGS, 0, 0, Buffer.alloc(5))]],
    ["SETTINGS acknowledged with more", FRAME_SIZE_ERROR, [frame(TYPE.SETTINGS, ACK, 0, Buffer.alloc(6))]],
    ["a wrong ENABLE_PUSH", PROTOCOL_ERROR, [settings([[2, 2]])]],
    ["a wrong INITIAL_WINDOW_SIZE", FLOW_CONTROL_ERROR, [settings([[4, 2 ** 31]])]],
    ["a MAX_FRAME_SIZE too small", PROTOCOL_ERROR, [settings([[5, 16_383]])]],
    ["a MAX_FRAME_SIZE too large", PROTOCOL_ERROR, [settings([[5, 2 ** 24]])]],
    [
      "an INITIAL_WINDOW_SIZE that makes a window too large",
      FLOW_CONTROL_ERROR,
      [OPEN_3, windowUpdate(3, 2 ** 31 - 1 - 65_535), settings([[4, 65_536]])],
    ],
    ["PUSH_PROMISE", PROTOCOL_ERROR, [frame(TYPE.PUSH_PROMISE, 4, 3, Buffer.alloc(4))]],
    ["PING on a stream", PROTOCOL_ERROR, [frame(TYPE.PING, 0, 3, Buffer.alloc(8))]],
    ["PING of a wrong length", FRAME_SIZE_ERROR, [frame(TYPE.PING, 0, 0, Buffer.alloc(7))]],
    ["GOAWAY on a stream", PROTOCOL_ERROR, [frame(TYPE.GOAWAY, 0, 3, Buffer.alloc(8))]],
    ["GOAWAY too short", FRAME_SIZE_ERROR, [frame(TYPE.GOAWAY, 0, 0, Buffer.alloc(7))]],
    ["WINDOW_UPDATE of nothing", PROTOCOL_ERROR, [windowUpdate(0, 0)]],
    ["WINDOW_UPDATE on an idle stream", PROTOCOL_ERROR, [windowUpdate(3, 1)]],
    ["WINDOW_UPDATE of a wrong length", FRAME_SIZE_ERROR, [frame(TYPE.WINDOW_UPDATE, 0, 0, Buffer.alloc(5))]],
    ["WINDOW_UPDATE above the largest window", FLOW_CONTROL_ERROR, [windowUpdate(0, 2 ** 31 - 1)]],
    ["a frame above the limit", FRAME_SIZE_ERROR, [frame(TYPE.DATA, 0, 3, Buffer.alloc(16_385))]],
    ["a header block that cannot be read", 9, [frame(TYPE.HEADERS, 5, 3, Buffer.from([0x80]))]],
  ])("%s", async (_name, code, parts) => {
    const { frames, isEnded } = await replies(...parts);
    const goAways = frames.filter(({ type }) => type === TYPE.GOAWAY);
    expect(goAways.map(({ payload }) => payload.readUInt32BE(4))).toEqual([code]);
    expect(frames.at(-1)).toBe(goAways[0]);
    expect(isEnded).toBe(true);
  });
});

describe("faults that end a stream only", () => {
  const fields = callFields(ECHO);
  const without = (name: string): TestField[] => fields.filter(([own]) => own !== name);

  it.each<[string, number, Buffer[]]>([
    [
      "DATA after the end",
      STREAM_CLOSED,
      [unaryCall(3, "/test.Echo/Never", "x"), frame(TYPE.DATA, 0, 3, Buffer.from("x"))],
    ],
    ["DATA on a closed stream", STREAM_CLOSED, [CLOSED_3, frame(TYPE.DATA, 0, 3, Buffer.from("x"))]],
    ["trailing fields after the end", STREAM_CLOSED, [unaryCall(3, "/test.Echo/Never", "x"), request(3, [["x", "y"]])]],
    ["trailing fields that do not end it", PROTOCOL_ERROR, [OPEN_3, request(3, [["x", "y"]], END_HEADERS)]],
    ["trailing pseudo fields", PROTOCOL_ERROR, [OPEN_3, request(3, [[":path", "/"]])]],
    ["WINDOW_UPDATE of nothing", PROTOCOL_ERROR, [OPEN_3, windowUpdate(3, 0)]],
    ["WINDOW_UPDATE above the largest window", FLOW_CONTROL_ERROR, [OPEN_3, windowUpdate(3, 2 ** 31 - 1)]],
    ["PRIORITY of a wrong length", FRAME_SIZE_ERROR, [OPEN_3, frame(TYPE.PRIORITY, 0, 3, Buffer.alloc(4))]],
    [
      "PRIORITY on itself",
      PROTOCOL_ERROR,
      [OPEN_3, frame(TYPE.PRIORITY, 0, 3, Buffer.concat([uint32(3), Buffer.alloc(1)]))],
    ],
    ["no :method", PROTOCOL_ERROR, [request(3, without(":method"))]],
    ["no :scheme", PROTOCOL_ERROR, [request(3, without(":scheme"))]],
    ["no :path", PROTOCOL_ERROR, [request(3, without(":path"))]],
    ["an empty :path", PROTOCOL_ERROR, [request(3, [...without(":path").slice(0, 2), [":path", ""]])]],
    ["a pseudo field twice", PROTOCOL_ERROR, [request(3, [[":method", "POST"], ...fields])]],
    ["a pseudo field of answers", PROTOCOL_ERROR, [request(3, [[":status", "200"], ...fields])]],
    ["a pseudo field after others", PROTOCOL_ERROR, [request(3, [...without(":path"), [":path", ECHO]])]],
    ["an upper case name", PROTOCOL_ERROR, [request(3, [...fields, ["X-Upper", "1"]])]],
    ["an empty name", PROTOCOL_ERROR, [request(3, [...fields, ["", "1"]])]],
    ["a name with a blank", PROTOCOL_ERROR, [request(3, [...fields, ["x y", "1"]])]],
    ["a value with a line break", PROTOCOL_ERROR, [request(3, [...fields, ["x", "a\nb"]])]],
    ["a value with a zero", PROTOCOL_ERROR, [request(3, [...fields, ["x", "a\0b"]])]],
    ["a value that ends with a blank", PROTOCOL_ERROR, [request(3, [...fields, ["x", "a "]])]],
    ["a connection field", PROTOCOL_ERROR, [request(3, [...fields, ["connection", "close"]])]],
    ["a transfer-encoding", PROTOCOL_ERROR, [request(3, [...fields, ["transfer-encoding", "chunked"]])]],
    ["a te other than trailers", PROTOCOL_ERROR, [request(3, [...fields, ["te", "gzip"]])]],
    ["a content-length that is no number", PROTOCOL_ERROR, [request(3, [...fields, ["content-length", "-1"]])]],
    [
      "two content-lengths",
      PROTOCOL_ERROR,
      [request(3, [...fields, ["content-length", "1"], ["content-length", "2"]])],
    ],
    ["a content-length and nothing", PROTOCOL_ERROR, [request(3, [...fields, ["content-length", "1"]])]],
    [
      "a content-length below what comes",
      PROTOCOL_ERROR,
      [callHeaders(3, ECHO, [["content-length", "3"]]), frame(TYPE.DATA, 1, 3, grpcMessage("x"))],
    ],
    [
      "a content-length above what comes",
      PROTOCOL_ERROR,
      [callHeaders(3, ECHO, [["content-length", "9"]]), frame(TYPE.DATA, 1, 3, grpcMessage("x"))],
    ],
  ])("%s", async (_name, code, parts) => {
    const { frames, isEnded } = await replies(...parts, unaryCall(5, ECHO, "next"));
    const resets = frames.filter(({ type }) => type === TYPE.RST_STREAM);
    expect(resets.map(({ id, payload }) => [id, payload.readUInt32BE(0)])).toEqual([[3, code]]);
    const answer = frames.find(({ type, id }) => type === TYPE.DATA && id === 5);
    expect(answer?.payload.subarray(5).toString()).toBe("next");
    expect(isEnded).toBe(false);
  });
});

describe("what is no fault", () => {
  it.each<[string, Buffer[]]>([
    ["frames of unknown types", [frame(0xff, 0xff, 3, Buffer.from("x"))]],
    ["flags without a meaning", [frame(TYPE.PING, 0xfe, 0, Buffer.alloc(8))]],
    ["unknown settings", [settings([[0xff, 1]])]],
    [
      "PRIORITY on idle and closed streams",
      [frame(TYPE.PRIORITY, 0, 99, Buffer.alloc(5)), CLOSED_3, frame(TYPE.PRIORITY, 0, 3, Buffer.alloc(5))],
    ],
    [
      "a priority in HEADERS",
      [frame(TYPE.HEADERS, 0x25, 3, Buffer.concat([Buffer.alloc(5), hpackBlock(callFields(ECHO))]))],
    ],
    ["WINDOW_UPDATE and RST_STREAM on a closed stream", [CLOSED_3, windowUpdate(3, 1), reset(3)]],
    ["stream numbers with gaps", [unaryCall(101, ECHO, "x"), unaryCall(1_001, ECHO, "x")]],
    [
      "content-length that is right",
      [callHeaders(3, ECHO, [["content-length", "6"]]), frame(TYPE.DATA, 1, 3, grpcMessage("x"))],
    ],
    ["the reserved bit of a stream number", [callHeaders(3 + 2 ** 31, ECHO), frame(TYPE.DATA, 1, 3, grpcMessage("x"))]],
  ])("%s", async (_name, parts) => {
    const { frames, isEnded } = await replies(...parts, unaryCall(2_001, ECHO, "next"));
    expect(frames.filter(({ type }) => type === TYPE.GOAWAY || type === TYPE.RST_STREAM)).toEqual([]);
    const answer = frames.find(({ type, id }) => type === TYPE.DATA && id === 2_001);
    expect(answer?.payload.subarray(5).toString()).toBe("next");
    expect(isEnded).toBe(false);
  });

  it("what comes for a stream that we have reset before the peer could know", async () => {
    const refused = callHeaders(3, ECHO, [["te", "gzip"]]);
    const late = [
      frame(TYPE.DATA, 0, 3, Buffer.from("x")),
      windowUpdate(3, 1),
      request(3, [["x-late", "1"]]),
      reset(3),
    ];
    const { frames, isEnded } = await replies(refused, ...late, unaryCall(5, ECHO, "next"));
    expect(frames.filter(({ type }) => type === TYPE.RST_STREAM)).toHaveLength(1);
    expect(frames.some(({ type, id }) => type === TYPE.DATA && id === 5)).toBe(true);
    expect(isEnded).toBe(false);
  });

  it("a window that a change of settings has made negative", async () => {
    const { frames } = await replies(
      settings([[4, 3]]),
      unaryCall(3, ECHO, "longer"),
      settings([[4, 0]]),
      windowUpdate(3, 3),
      windowUpdate(3, 2),
    );
    const sizes = frames.filter(({ type, id }) => type === TYPE.DATA && id === 3).map(({ payload }) => payload.length);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(5);
  });
});
