import { deflateSync, gzipSync } from "node:zlib";
import { status } from "@grpc/grpc-js";
import { afterEach, describe, expect, it } from "vitest";
import { callHeaders, grpcMessage, unaryCall } from "../support/grpc/messages.js";
import { END_HEADERS, END_STREAM, frame, TYPE, windowUpdate } from "../support/h2/frames.js";
import { hpackBlock } from "../support/h2/hpack.js";
import { type RawAnswer, RawClient } from "../support/h2/raw-client.js";

const UNARY = "/test.Text/Unary";

/** What no ordinary client can be made to do, byte by byte. */
export function describeRawCalls(port: () => number): void {
  let client: RawClient | undefined;
  afterEach(async () => client?.close());

  const send = async (...parts: Buffer[]): Promise<RawAnswer> => {
    client = await RawClient.open(port());
    client.send(...parts);
    return client.answer(1);
  };
  const texts = ({ body }: RawAnswer): string[] => {
    const found: string[] = [];
    for (let at = 0; at < body.length; ) {
      const end = at + 5 + body.readUInt32BE(at + 1);
      found.push(body.subarray(at + 5, end).toString());
      at = end;
    }
    return found;
  };
  const data = (bytes: Uint8Array, flags = 0): Buffer => frame(TYPE.DATA, flags, 1, bytes);
  const statusOf = ({ trailers }: RawAnswer): number => Number(trailers.get("grpc-status"));

  describe("messages as they come", () => {
    const message = grpcMessage("cut in pieces");

    it("may be cut into frames of one byte", async () => {
      const pieces = [...message].map((byte) => data(Uint8Array.of(byte)));
      expect(texts(await send(callHeaders(1, UNARY), ...pieces, data(Buffer.alloc(0), END_STREAM)))).toEqual([
        "cut in pieces",
      ]);
    });

    it("may have empty frames between them", async () => {
      const empty = data(Buffer.alloc(0));
      const answer = await send(
        callHeaders(1, UNARY),
        empty,
        data(message.subarray(0, 5)),
        empty,
        empty,
        data(message.subarray(5), END_STREAM),
      );
      expect(texts(answer)).toEqual(["cut in pieces"]);
    });

    it("may share a frame", async () => {
      const many = Buffer.concat(["one", "", "three"].map((text) => grpcMessage(text)));
      expect(texts(await send(callHeaders(1, "/test.Text/Collect"), data(many, END_STREAM)))).toEqual(["one,,three"]);
    });

    it("may be followed by trailing fields", async () => {
      const trailers = frame(TYPE.HEADERS, END_HEADERS | END_STREAM, 1, hpackBlock([["x-late", "value"]]));
      expect(texts(await send(callHeaders(1, UNARY), data(message), trailers))).toEqual(["cut in pieces"]);
    });

    it("may be padded", async () => {
      const padded = frame(TYPE.DATA, 8 | END_STREAM, 1, Buffer.concat([Buffer.from([9]), message, Buffer.alloc(9)]));
      expect(texts(await send(callHeaders(1, UNARY), padded))).toEqual(["cut in pieces"]);
    });
  });

  describe("requests that are not one message", () => {
    it.each([
      ["none", Buffer.alloc(0)],
      ["two", Buffer.concat([grpcMessage("one"), grpcMessage("two")])],
    ])("of %s fail UNIMPLEMENTED", async (_name, bytes) => {
      expect(statusOf(await send(callHeaders(1, UNARY), data(bytes, END_STREAM)))).toBe(status.UNIMPLEMENTED);
    });
  });

  describe("compressed requests", () => {
    const compressed = (encoding: string, body: Buffer, path = UNARY): Promise<RawAnswer> =>
      send(callHeaders(1, path, [["grpc-encoding", encoding]]), data(grpcMessage(body, 1), END_STREAM));

    it.each([
      ["gzip", gzipSync("compressed text")],
      ["deflate", deflateSync("compressed text")],
    ])("in %s are read", async (encoding, body) => {
      expect(texts(await compressed(encoding, body))).toEqual(["compressed text"]);
    });

    it("may leave single messages plain, and keep their order", async () => {
      const messages = [
        grpcMessage("one"),
        grpcMessage(gzipSync("two"), 1),
        grpcMessage("three"),
        grpcMessage(gzipSync("4"), 1),
      ];
      const answer = await send(
        callHeaders(1, "/test.Text/Collect", [["grpc-encoding", "gzip"]]),
        data(Buffer.concat(messages), END_STREAM),
      );
      expect(texts(answer)).toEqual(["one,two,three,4"]);
    });

    it("in an unknown encoding fail UNIMPLEMENTED", async () => {
      expect(statusOf(await compressed("snappy", Buffer.from("?")))).toBe(status.UNIMPLEMENTED);
    });

    it("that are broken fail INTERNAL", async () => {
      expect(statusOf(await compressed("gzip", Buffer.from("no gzip at all")))).toBe(status.INTERNAL);
    });

    it("that become larger than allowed fail RESOURCE_EXHAUSTED", async () => {
      const bomb = gzipSync(Buffer.alloc(10_000_000));
      expect(statusOf(await compressed("gzip", bomb))).toBe(status.RESOURCE_EXHAUSTED);
    });
  });

  describe("what a failure looks like", () => {
    it("is one block of fields when there is no response", async () => {
      const answer = await send(unaryCall(1, "/no.Such/Method", "x"));
      expect(statusOf(answer)).toBe(status.UNIMPLEMENTED);
      expect(answer.headers.get(":status")).toBe("200");
      expect(answer.headers.get("content-type")).toMatch(/^application\/grpc/);
      expect(answer.headers.get("grpc-status")).toBe("12");
      expect(answer.body).toHaveLength(0);
    });

    it("does not wait for the end of a request that streams", async () => {
      expect(statusOf(await send(callHeaders(1, "/no.Such/Method")))).toBe(status.UNIMPLEMENTED);
    });

    it("is 415 for what is no gRPC", async () => {
      const fields = [
        [":method", "POST"],
        [":scheme", "http"],
        [":path", UNARY],
        [":authority", "test"],
        ["content-type", "application/json"],
      ] as const;
      const answer = await send(frame(TYPE.HEADERS, END_HEADERS | END_STREAM, 1, hpackBlock(fields)));
      expect(answer.headers.get(":status")).toBe("415");
    });

    it.each(["12x", "m", ""])("is INTERNAL for the timeout %s", async (timeout) => {
      expect(statusOf(await send(unaryCall(1, UNARY, "x", [["grpc-timeout", timeout]])))).toBe(status.INTERNAL);
    });
  });

  it("a response that no window holds waits for windows, a byte at a time if need be", async () => {
    client = await RawClient.open(port(), [[4, 1]]);
    client.send(unaryCall(1, UNARY, "slowly"));
    const opened = client;
    for (let bytes = 1; bytes <= 11; bytes++) {
      await opened.until(() => opened.answerSoFar(1).body.length === bytes);
      opened.send(windowUpdate(1, 1));
    }
    const answer = await opened.answer(1);
    expect(texts(answer)).toEqual(["slowly"]);
    expect(statusOf(answer)).toBe(status.OK);
  });
}
