import { type ClientHttp2Session, connect, type SecureClientSessionOptions } from "node:http2";
import { afterEach, describe, expect, it } from "vitest";
import { grpcMessage } from "../../support/grpc/messages.js";
import { ECHO, startNative } from "../../support/grpc/native-server.js";

let session: ClientHttp2Session | undefined;
afterEach(() => session?.destroy());

interface Got {
  readonly status: unknown;
  readonly body: Buffer;
  readonly trailers: Record<string, unknown>;
}

function call(own: ClientHttp2Session, body: Buffer, more: Record<string, string> = {}): Promise<Got> {
  return new Promise((resolve, reject) => {
    const stream = own.request({
      ":method": "POST",
      ":path": ECHO,
      "content-type": "application/grpc",
      te: "trailers",
      ...more,
    });
    const chunks: Buffer[] = [];
    let status: unknown;
    let trailers: Record<string, unknown> = {};
    stream.on("response", (headers) => {
      status = headers[":status"];
    });
    stream.on("trailers", (headers) => {
      trailers = { ...headers };
    });
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("end", () => resolve({ status, body: Buffer.concat(chunks), trailers }));
    stream.on("error", reject);
    stream.end(body);
  });
}

describe("node's own client", () => {
  it.each<[string, SecureClientSessionOptions]>([
    ["as it comes", {}],
    ["without a header table", { settings: { headerTableSize: 0 } }],
    ["with a header table of its own size", { settings: { headerTableSize: 100 } }],
    ["with large windows and frames", { settings: { initialWindowSize: 2 ** 30, maxFrameSize: 2 ** 20 } }],
    ["with windows of one byte", { settings: { initialWindowSize: 1 } }],
    ["with padding", { paddingStrategy: 1 }],
  ])("%s is served", async (_name, options) => {
    const { port } = await startNative();
    session = connect(`http://127.0.0.1:${port}`, options);
    const text = "x".repeat(options.settings?.initialWindowSize === 1 ? 100 : 100_000);
    for (let round = 0; round < 5; round++) {
      const got = await call(session, grpcMessage(`${round}${text}`), { "x-round": String(round) });
      expect(got).toMatchObject({ status: 200, trailers: { "grpc-status": "0" } });
      expect(got.body.equals(grpcMessage(`${round}${text}`))).toBe(true);
    }
  });

  it("that lowers and raises its header table between calls is served", async () => {
    const { port } = await startNative();
    const own = connect(`http://127.0.0.1:${port}`);
    session = own;
    for (const headerTableSize of [0, 4_096, 100, 65_536, 0]) {
      await new Promise<void>((resolve) => own.settings({ headerTableSize }, () => resolve()));
      expect((await call(own, grpcMessage("x"))).trailers["grpc-status"]).toBe("0");
    }
  });

  it("that changes its window in the middle of an answer gets all of it", async () => {
    const { port } = await startNative({}, { "/test.Give/Give": () => Buffer.alloc(1_000_000, 7) });
    const own = connect(`http://127.0.0.1:${port}`, { settings: { initialWindowSize: 10 } });
    session = own;
    const answer = call(own, grpcMessage("x"), { ":path": "/test.Give/Give" });
    for (const initialWindowSize of [1_000, 5, 100_000, 1_000]) {
      await new Promise<void>((resolve) => own.settings({ initialWindowSize }, () => resolve()));
    }
    const { body } = await answer;
    expect(body).toHaveLength(1_000_005);
    expect(body.subarray(5).every((byte) => byte === 7)).toBe(true);
  });

  it("is told of keepalive pings and answers them", async () => {
    const { port, server } = await startNative({
      h2: { keepaliveMillis: 50, keepaliveTimeoutMillis: 100 },
      server: { sweepMillis: 10 },
    });
    session = connect(`http://127.0.0.1:${port}`);
    expect((await call(session, grpcMessage("x"))).status).toBe(200);
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect((await call(session, grpcMessage("y"))).status).toBe(200);
    expect(server.counters.h2.timeouts.keepalive).toBe(0);
  });
});
