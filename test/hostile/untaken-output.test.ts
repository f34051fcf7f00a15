import { describe, expect, it } from "vitest";
import { GrpcServer } from "../../src/grpc-server/server.js";
import { callHeaders, grpcMessage, unaryCall } from "../support/grpc/messages.js";
import { ECHO, openRaw } from "../support/grpc/native-server.js";
import { withBystander } from "../support/h2/bystander.js";
import {
  END_HEADERS,
  END_STREAM,
  frame,
  PREFACE,
  SETTINGS_ACK,
  settings,
  TYPE,
  windowUpdate,
} from "../support/h2/frames.js";
import { hpackLiteral } from "../support/h2/hpack.js";
import { settle, Wire } from "../support/h2/wire.js";
import { startProofServer } from "../support/proof/proof-server.js";

const REFLECTION = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
/** ServerReflectionRequest.file_containing_symbol = 4: some bytes that are answered with kilobytes. */
const SYMBOL = Buffer.from("envoy.service.ratelimit.v3.RateLimitService");
const ASK_FOR_FILES = grpcMessage(Buffer.concat([Buffer.from([0x22, SYMBOL.length]), SYMBOL]));

const megabytes = (): number => {
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return (heapUsed + arrayBuffers) / 1e6;
};

describe("small answers that a peer leaves untaken", () => {
  it("take as much memory as they have bytes, not a chunk each", async () => {
    const server = new GrpcServer();
    server.addUnary(ECHO, (message) => message);
    const wire = new Wire();
    server.serve(wire, "test");
    wire.feed(PREFACE, settings(), SETTINGS_ACK, windowUpdate(0, 1_000_000_000));
    await settle();
    wire.isStuck = true;
    const before = process.memoryUsage().arrayBuffers;
    for (let at = 0; at < 5_000; at++) {
      wire.feed(unaryCall(1 + 2 * at, ECHO, "small"));
      if (at % 100 === 0) await settle();
    }
    await settle();
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(10e6);
    wire.isStuck = false;
    wire.unstick();
    await settle();
    expect(wire.frames().filter(({ type }) => type === TYPE.DATA)).toHaveLength(5_000);
    wire.destroy();
    await server.shutdown(0);
  });
});

describe("answers that echo what they were asked", () => {
  it("are short, so that a few bytes of request cannot become megabytes of headers, which no window holds back", async () => {
    const server = new GrpcServer();
    const wire = new Wire();
    server.serve(wire, "test");
    const path = hpackLiteral(4, `/${"\u00ff".repeat(3_900)}`, "indexed");
    const type = hpackLiteral("content-type", "application/grpc", "indexed");
    const first = Buffer.from([0x83, 0x86, ...path, ...type]);
    const next = Buffer.from([0x83, 0x86, 0xbf, 0xbe]);
    const call = (id: number, block: Buffer): Buffer => frame(TYPE.HEADERS, END_HEADERS | END_STREAM, id, block);
    wire.feed(PREFACE, settings(), SETTINGS_ACK, call(1, first));
    wire.feed(...Array.from({ length: 4_000 }, (_, at) => call(3 + 2 * at, next)));
    await settle();
    expect(server.counters.calls.statuses[12]).toBe(4_001);
    expect(Buffer.concat(wire.sent).length).toBeLessThan(4_000_000);
    wire.destroy();
    await server.shutdown(0);
  });
});

describe("a peer that goes on asking on a stream and takes no answer", () => {
  it("is not read on that stream, and memory stays as it is", async () => {
    const { port } = await startProofServer();
    await withBystander(port, async () => {
      const client = await openRaw(port, [[4, 0]]);
      client.send(callHeaders(1, REFLECTION));
      const before = megabytes();
      // Asks as fast as it is let.
      let granted = 65_535;
      let sent = 0;
      let seen = 0;
      for (let round = 0; round < 300; round++) {
        for (; seen < client.frames.length; seen++) {
          const { type, id, payload } = client.frames[seen]!;
          if (type === TYPE.WINDOW_UPDATE && id === 1) granted += payload.readUInt32BE(0);
        }
        const asks = Math.min(100, Math.floor((granted - sent) / ASK_FOR_FILES.length));
        const bytes = Buffer.concat(Array.from({ length: asks }, () => ASK_FOR_FILES));
        if (asks > 0) await client.sendAll(frame(TYPE.DATA, 0, 1, bytes));
        else await new Promise((resolve) => setTimeout(resolve, 1));
        sent += bytes.length;
      }
      expect(sent).toBeLessThan(200_000);
      expect(megabytes() - before).toBeLessThan(40);
      expect(client.isEnded(1)).toBe(false);
    });
  });

  it("gets every answer when it takes them after all", async () => {
    const { port } = await startProofServer();
    const client = await openRaw(port, [[4, 0]]);
    const asks = Buffer.concat(Array.from({ length: 200 }, () => ASK_FOR_FILES));
    client.send(callHeaders(1, REFLECTION), frame(TYPE.DATA, END_STREAM, 1, asks));
    client.send(windowUpdate(0, 1_000_000_000), windowUpdate(1, 1_000_000_000));
    const { body, trailers } = await client.answer(1);
    expect(trailers.get("grpc-status")).toBe("0");
    let answers = 0;
    for (let at = 0; at < body.length; at += 5 + body.readUInt32BE(at + 1)) answers += 1;
    expect(answers).toBe(200);
  });
});

describe("empty messages for a method that does not read them", () => {
  it("take a few bytes each", async () => {
    const server = new GrpcServer();
    const codec = { requestDeserialize: (bytes: Buffer) => bytes, responseSerialize: (bytes: Buffer) => bytes };
    const method = { path: "/a/b", requestStream: true, responseStream: true, ...codec };
    server.addService({ b: method }, { b: () => {} });
    const wire = new Wire();
    server.serve(wire, "test");
    wire.feed(PREFACE, settings(), SETTINGS_ACK);
    const before = megabytes();
    const empty = Buffer.alloc(16_380);
    for (let id = 1; id < 400; id += 2) {
      wire.feed(callHeaders(id, "/a/b"), ...[1, 2, 3, 4].map(() => frame(TYPE.DATA, 0, id, empty)));
      await settle();
    }
    expect(server.counters.h2.streamsOpen).toBe(200);
    // 200 streams with 65,520 bytes each, which are 2.6 million messages.
    expect(megabytes() - before).toBeLessThan(60);
    wire.destroy();
    await server.shutdown(0);
  });
});
