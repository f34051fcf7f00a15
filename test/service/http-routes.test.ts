import { connect } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import type { Decision } from "../../src/engine/decision.js";
import { HttpServer } from "../../src/http/http-server.js";
import type { OperatorRouteParts } from "../../src/http/operator-routes.js";
import { type Decide, type Servers, startServers } from "../support/grpc-servers.js";
import { http } from "../support/http-client.js";
import { until } from "../support/until.js";

const OK: Decision = { overallCode: "OK", statuses: [] };

let servers: Servers | undefined;

afterEach(async () => {
  await servers?.close();
  servers = undefined;
});

async function serve(operator: Partial<OperatorRouteParts> = {}, decide: Decide = () => OK): Promise<Servers> {
  servers = await startServers(decide, operator);
  return servers;
}

/** A connection that writes what it is told and remembers what comes back. */
async function rawConnection(port: number) {
  const socket = connect(port, "127.0.0.1");
  const connection = { socket, received: "", closed: false };
  socket.setEncoding("utf8").on("data", (text: string) => {
    connection.received += text;
  });
  socket
    .on("error", () => {})
    .on("close", () => {
      connection.closed = true;
    });
  await new Promise((resolve) => socket.once("connect", resolve));
  return connection;
}

describe("the HTTP listener", () => {
  it("answers /healthz as long as the process lives, whatever else is wrong", async () => {
    const { httpUrl } = await serve({
      readiness: () => ({ ready: false, reasons: ["the store is gone"] }),
      isServing: () => false,
    });
    expect(await http(`${httpUrl}/healthz`)).toMatchObject({ status: 200, body: "OK\n" });
  });

  it("answers /readyz with what keeps it from being ready", async () => {
    let reasons: string[] = ["the store is not connected", "the server is stopping"];
    const { httpUrl } = await serve({ readiness: () => ({ ready: reasons.length === 0, reasons }) });
    const body = "not ready\nthe store is not connected\nthe server is stopping\n";
    expect(await http(`${httpUrl}/readyz`)).toMatchObject({ status: 503, body });
    reasons = [];
    expect(await http(`${httpUrl}/readyz`)).toMatchObject({ status: 200, body: "OK\n" });
  });

  it("answers /healthcheck with 200 when serving and 500 when not, as ER does", async () => {
    let isServing = true;
    const { httpUrl } = await serve({ isServing: () => isServing });
    expect(await http(`${httpUrl}/healthcheck`)).toMatchObject({ status: 200, body: "OK\n" });
    isServing = false;
    expect((await http(`${httpUrl}/healthcheck`)).status).toBe(500);
  });

  it("answers /metrics with the page and its content type", async () => {
    const { httpUrl } = await serve({
      metrics: async () => ({ contentType: "text/plain; version=0.0.4", body: "weir_decisions_total 3\n" }),
    });
    const page = await http(`${httpUrl}/metrics?x=y`);
    expect(page).toMatchObject({ status: 200, body: "weir_decisions_total 3\n" });
    expect(page.headers["content-type"]).toBe("text/plain; version=0.0.4");
  });

  it("answers 500 without details when a route breaks, tells the log, and goes on", async () => {
    const { httpUrl, faults } = await serve({ metrics: () => Promise.reject(new Error("secret")) });
    expect(await http(`${httpUrl}/metrics`)).toMatchObject({ status: 500, body: "internal error\n" });
    expect(faults).toMatchObject([{ message: "GET /metrics failed", error: { message: "secret" } }]);
    expect((await http(`${httpUrl}/healthz`)).status).toBe(200);
  });

  it("answers HEAD with the headers of GET alone", async () => {
    const { httpUrl } = await serve();
    const head = await http(`${httpUrl}/healthz`, { method: "HEAD" });
    expect(head).toMatchObject({ status: 200, body: "" });
    expect(head.headers["content-length"]).toBe("3");
  });

  it.each(["/", "/healthz/", "/JSON", "/json/x", "//healthz", "/%68ealthz"])("answers 404 for %s", async (path) => {
    const { httpUrl } = await serve();
    expect((await http(httpUrl + path)).status).toBe(404);
  });

  it.each([
    ["POST", "/healthz", "GET, HEAD"],
    ["DELETE", "/metrics", "GET, HEAD"],
    ["GET", "/json", "POST"],
    ["PUT", "/json", "POST"],
  ])("answers 405 for %s %s and says what is allowed", async (method, path, allow) => {
    const { httpUrl } = await serve();
    const answer = await http(httpUrl + path, { method });
    expect(answer.status).toBe(405);
    expect(answer.headers.allow).toBe(allow);
  });

  it("says in one line that a port is in use", async () => {
    const { httpPort } = await serve();
    const second = new HttpServer({ routes: [], reportFault: () => {} });
    await expect(second.listen({ host: "127.0.0.1", port: httpPort })).rejects.toThrow(
      new Error(`cannot listen for HTTP on 127.0.0.1:${httpPort}: the address is in use`),
    );
    await second.stop(0);
  });

  it("survives what is not HTTP", async () => {
    const { httpUrl, httpPort, faults } = await serve();
    const connection = await rawConnection(httpPort);
    connection.socket.write(Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\u0000\u0001"));
    await until("the connection is closed", () => (connection.closed ? true : undefined));
    expect((await http(`${httpUrl}/healthz`)).status).toBe(200);
    expect(faults).toEqual([]);
  });
});

describe("stopping the HTTP listener", () => {
  it("answers the request in flight, closes its connection, and takes no new ones", async () => {
    let release = (): void => {};
    const decided = new Promise<Decision>((resolve) => {
      release = () => resolve(OK);
    });
    let calls = 0;
    const { http: server, httpUrl } = await serve({}, () => {
      calls++;
      return decided;
    });
    const inFlight = http(`${httpUrl}/json`, { method: "POST", body: "{}", headers: { connection: "keep-alive" } });
    await until("the request is in flight", () => (calls === 1 ? true : undefined));
    const stopped = server.stop(10_000);
    await expect(http(`${httpUrl}/healthz`)).rejects.toMatchObject({ code: "ECONNREFUSED" });
    release();
    const answer = await inFlight;
    expect(answer.status).toBe(200);
    expect(answer.headers.connection).toBe("close");
    await stopped;
  });

  it("does not wait for idle connections", async () => {
    const { http: server, httpPort } = await serve();
    const used = await rawConnection(httpPort);
    used.socket.write("GET /healthz HTTP/1.1\r\nHost: weir\r\n\r\n");
    await until("an answer", () => (used.received.endsWith("OK\n") ? true : undefined));
    const fresh = await rawConnection(httpPort);
    const started = performance.now();
    await server.stop(10_000);
    expect(performance.now() - started).toBeLessThan(5_000);
    await until("both are closed", () => (used.closed && fresh.closed ? true : undefined));
  });

  it("ends what is still in flight at the deadline", async () => {
    let calls = 0;
    const { http: server, httpUrl } = await serve({}, () => {
      calls++;
      return new Promise(() => {});
    });
    const inFlight = http(`${httpUrl}/json`, { method: "POST", body: "{}" });
    const failed = expect(inFlight).rejects.toMatchObject({ code: "ECONNRESET" });
    await until("the request is in flight", () => (calls === 1 ? true : undefined));
    await server.stop(50);
    await failed;
  });
});
