import { connect } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import type { Decision } from "../../src/engine/decision.js";
import { EngineError } from "../../src/engine/engine-error.js";
import type { RateLimitRequest } from "../../src/engine/request.js";
import { engineUnderTest } from "../support/engine-under-test.js";
import { type Decide, type Servers, startServers } from "../support/grpc-servers.js";
import { http } from "../support/http-client.js";
import { until } from "../support/until.js";

const MIB = 1024 * 1024;
const BODY = '{"domain":"shop","descriptors":[{"entries":[{"key":"path","value":"/"}]}]}';

let servers: Servers | undefined;

afterEach(async () => {
  await servers?.close();
  servers = undefined;
});

async function serve(decide: Decide): Promise<Servers> {
  servers = await startServers(decide);
  return servers;
}

/** A server that lets everything through and remembers what it was asked. */
async function serveOpen(): Promise<Servers & { readonly asked: readonly RateLimitRequest[] }> {
  const asked: RateLimitRequest[] = [];
  const started = await serve((request) => {
    asked.push(request);
    return { overallCode: "OK", statuses: [] };
  });
  return { ...started, asked };
}

async function post({ httpUrl }: Servers, body: string): Promise<{ status: number; json: unknown }> {
  const answer = await http(`${httpUrl}/json`, { method: "POST", body });
  expect(answer.headers["content-type"]).toBe("application/json");
  return { status: answer.status, json: JSON.parse(answer.body) };
}

describe("POST /json", () => {
  it("answers 200 with the response when the request is let through", async () => {
    const currentLimit = { requestsPerUnit: 5, unit: "minute" } as const;
    const decision: Decision = {
      overallCode: "OK",
      statuses: [{ code: "OK", currentLimit, limitRemaining: 4, durationUntilResetSeconds: 12 }],
    };
    const json = {
      overallCode: "OK",
      statuses: [
        {
          code: "OK",
          currentLimit: { requestsPerUnit: 5, unit: "MINUTE" },
          limitRemaining: 4,
          durationUntilReset: "12s",
        },
      ],
    };
    expect(await post(await serve(() => decision), BODY)).toEqual({ status: 200, json });
  });

  it("answers 429 with the response when the request is over the limit", async () => {
    const server = await serve(() => ({ overallCode: "OVER_LIMIT", statuses: [{ code: "OVER_LIMIT" }] }));
    const json = { overallCode: "OVER_LIMIT", statuses: [{ code: "OVER_LIMIT" }] };
    expect(await post(server, BODY)).toEqual({ status: 429, json });
  });

  it("answers with what a real engine and its rules decide, and what it refuses to decide", async () => {
    const { engine } = engineUnderTest(
      "domain: shop\ndescriptors: [{ key: path, rate_limit: { requests_per_unit: 2, unit: hour } }]",
    );
    const server = await serve((request, caller) => engine.decide(request, caller));
    const statuses: number[] = [];
    for (let call = 0; call < 3; call++) statuses.push((await post(server, BODY)).status);
    expect(statuses).toEqual([200, 200, 429]);
    expect(await post(server, '{"domain":"shop"}')).toMatchObject({
      status: 400,
      json: { error: expect.stringContaining("descriptor") },
    });
  });

  it("reads UTF-8, and bodies up to 1 MiB", async () => {
    const server = await serveOpen();
    const frame = '{"domain":""}'.length;
    const domain = `ключ${"x".repeat(MIB - frame - 8)}`;
    expect((await post(server, JSON.stringify({ domain }))).status).toBe(200);
    expect(server.asked[0]?.domain).toBe(domain);
  });

  it.each([
    [new EngineError("invalid_request", "no domain"), 400, "no domain"],
    [new EngineError("store_failure", "redis is gone"), 503, "redis is gone"],
    [new EngineError("cancelled", "the caller has gone"), 499, "the caller has gone"],
    [new TypeError("secret"), 500, "internal error"],
  ])("answers the engine's %s with an error", async (error, status, words) => {
    expect(await post(await serve(() => Promise.reject(error)), BODY)).toEqual({ status, json: { error: words } });
  });

  it.each([
    ["", "the body is not JSON"],
    ["domain=shop", "the body is not JSON"],
    ['{"domian":"shop"}', 'the request: has no field "domian"'],
    ['{"descriptors":[{"entries":[{"key":7}]}]}', "descriptors[0].entries[0].key: must be a string"],
    ["[".repeat(500_000) + "]".repeat(500_000), "the request: must be an object"],
  ])("answers 400 for the body %.50s, and the next request as ever", async (body, words) => {
    const server = await serveOpen();
    expect(await post(server, body)).toEqual({ status: 400, json: { error: words } });
    expect((await post(server, BODY)).status).toBe(200);
    expect(server.asked).toHaveLength(1);
  });

  it("answers 400 for a body that is not UTF-8", async () => {
    const { httpUrl } = await serveOpen();
    const body = Buffer.concat([Buffer.from('{"domain":"'), Buffer.from([0xff]), Buffer.from('"}')]);
    const answer = await fetch(`${httpUrl}/json`, { method: "POST", body });
    expect(answer.status).toBe(400);
    expect(await answer.json()).toEqual({ error: "the body is not UTF-8" });
  });

  it.each([MIB + 1, 4 * MIB])("answers 413 for a body of %d bytes", async (size) => {
    const server = await serveOpen();
    const json = { error: "the body is larger than 1048576 bytes" };
    expect(await post(server, "x".repeat(size))).toEqual({ status: 413, json });
    expect(server.asked).toEqual([]);
  });

  it("lets go of a client that sends without end, and of one that leaves midway", async () => {
    const server = await serveOpen();
    const socket = connect(server.httpPort, "127.0.0.1").on("error", () => {});
    let closed = false;
    socket.on("close", () => {
      closed = true;
    });
    socket.write("POST /json HTTP/1.1\r\nHost: weir\r\nContent-Length: 1000000000\r\n\r\n");
    const chunk = Buffer.alloc(MIB, "x");
    await until("the connection is closed", () => {
      if (!closed && socket.writableLength < MIB) socket.write(chunk);
      return closed ? true : undefined;
    });
    const leaver = connect(server.httpPort, "127.0.0.1").on("error", () => {});
    leaver.write("POST /json HTTP/1.1\r\nHost: weir\r\nContent-Length: 100\r\n\r\n{", () => leaver.destroy());
    await new Promise((resolve) => leaver.once("close", resolve));
    expect((await post(server, BODY)).status).toBe(200);
    expect(server.faults).toEqual([]);
  });
});
