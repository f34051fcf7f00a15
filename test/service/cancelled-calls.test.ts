import { connect as connectHttp2, constants } from "node:http2";
import { connect } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import type { EngineCaller } from "../../src/engine/request.js";
import { SERVER_KINDS, type Servers, startServers } from "../support/grpc-servers.js";
import { bytesField } from "../support/grpc-wire.js";
import { until } from "../support/until.js";

let servers: Servers | undefined;

afterEach(async () => {
  await servers?.close();
  servers = undefined;
});

/** Servers whose engine takes for ever, and the callers it was given. */
async function serveForEver(kind: (typeof SERVER_KINDS)[number]) {
  const callers: EngineCaller[] = [];
  servers = await startServers(
    (_request, caller) => {
      callers.push(caller);
      return new Promise(() => {});
    },
    {},
    kind,
  );
  return { servers, callers };
}

/** A ShouldRateLimit whose caller can go away. */
function callGrpc(port: number, headers: Record<string, string> = {}) {
  const session = connectHttp2(`http://127.0.0.1:${port}`);
  const stream = session.request({
    ":method": "POST",
    ":path": "/envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit",
    "content-type": "application/grpc",
    te: "trailers",
    ...headers,
  });
  stream.on("error", () => {});
  const message = bytesField(1, Buffer.from("shop"));
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  stream.end(Buffer.concat([head, message]));
  return { goAway: () => stream.close(constants.NGHTTP2_CANCEL), close: () => session.destroy() };
}

async function onlyCaller(callers: readonly EngineCaller[]): Promise<EngineCaller> {
  return await until("the engine was asked", () => callers[0]);
}

describe.each(SERVER_KINDS)("what the engine learns of its caller on the %s server", (kind) => {
  it("is that it has gone, as soon as it has", async () => {
    const { servers, callers } = await serveForEver(kind);
    const call = callGrpc(servers.grpcPort);
    const caller = await onlyCaller(callers);
    expect(caller).toMatchObject({ isCancelled: false, remainingMillis: Number.POSITIVE_INFINITY });
    call.goAway();
    await until("the engine can see it", () => caller.isCancelled || undefined);
    expect(caller.remainingMillis).toBe(0);
    call.close();
  });

  it("is that its connection is gone", async () => {
    const { servers, callers } = await serveForEver(kind);
    const call = callGrpc(servers.grpcPort);
    const caller = await onlyCaller(callers);
    call.close();
    await until("the engine can see it", () => caller.isCancelled || undefined);
  });

  it("is how its time runs out", async () => {
    const { servers, callers } = await serveForEver(kind);
    const call = callGrpc(servers.grpcPort, { "grpc-timeout": "200m" });
    const caller = await onlyCaller(callers);
    const first = caller.remainingMillis;
    expect(first).toBeLessThanOrEqual(200);
    await until("some of it has passed", () => caller.remainingMillis < first || undefined);
    await until("the engine can see its end", () => caller.isCancelled || undefined);
    expect(caller.remainingMillis).toBe(0);
    call.close();
  });
});

describe("what the engine learns of its caller over POST /json", () => {
  it("is that it has gone, and no time, since HTTP does not tell", async () => {
    const { servers, callers } = await serveForEver("native");
    const socket = connect(servers.httpPort, "127.0.0.1");
    socket.write('POST /json HTTP/1.1\r\nHost: weir\r\nContent-Length: 17\r\n\r\n{"domain":"shop"}');
    const caller = await onlyCaller(callers);
    expect(caller).toMatchObject({ isCancelled: false, remainingMillis: Number.POSITIVE_INFINITY });
    socket.destroy();
    await until("the engine can see it", () => caller.isCancelled || undefined);
  });
});
