import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { TestAuthority } from "../support/grpc/certificates.js";
import { grpcMessage } from "../support/grpc/messages.js";
import { ECHO } from "../support/grpc/native-server.js";
import { startProofServer } from "../support/proof/proof-server.js";
import { runTool } from "../support/proof/run-tool.js";

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

/** A file with a request as gRPC frames it. */
function requestFile(bytes: number): string {
  const folder = mkdtempSync(join(tmpdir(), "weir-load-"));
  folders.push(folder);
  const path = join(folder, "request");
  writeFileSync(path, grpcMessage(Buffer.alloc(bytes, "r")));
  return path;
}

interface LoadResult {
  readonly succeeded: number;
  readonly statuses: string;
}

async function h2load(url: string, requests: number, bodyBytes: number, ...more: string[]): Promise<LoadResult> {
  const headers = ["-H", "content-type: application/grpc", "-H", "te: trailers"];
  const bounds = ["-n", `${requests}`, "-T", "20s"];
  const { stdout } = await runTool("h2load", [...bounds, "-d", requestFile(bodyBytes), ...headers, ...more, url]);
  return {
    succeeded: Number(/, (\d+) succeeded,/.exec(stdout)?.[1]),
    statuses: /status codes: (.*)/.exec(stdout)?.[1] ?? stdout,
  };
}

describe("h2load (nghttp2)", () => {
  it("gets an answer to each of 20,000 requests over 4 connections of 50 streams", async () => {
    const { port, server } = await startProofServer();
    const result = await h2load(`http://127.0.0.1:${port}${ECHO}`, 20_000, 100, "-c", "4", "-m", "50");
    expect(result).toEqual({ succeeded: 20_000, statuses: "20000 2xx, 0 3xx, 0 4xx, 0 5xx" });
    expect(server.counters.calls.statuses[0]).toBe(20_000);
    expect(server.counters.h2).toMatchObject({ streamsOpen: 0, resetsSent: 0, resetsReceived: 0 });
  });

  it("gets large answers through small windows, in both directions", async () => {
    const { port, server } = await startProofServer();
    const windows = ["-w", "12", "-W", "13"];
    const result = await h2load(`http://127.0.0.1:${port}${ECHO}`, 200, 100_000, "-c", "2", "-m", "10", ...windows);
    expect(result).toEqual({ succeeded: 200, statuses: "200 2xx, 0 3xx, 0 4xx, 0 5xx" });
    expect(server.counters.calls.statuses[0]).toBe(200);
    expect(server.counters.h2.flowStalls).toBeGreaterThan(0);
  });

  it("keeps to the limit of streams that it is told, and none is refused", async () => {
    const { port, server } = await startProofServer();
    const result = await h2load(`http://127.0.0.1:${port}${ECHO}`, 10_000, 10, "-c", "1", "-m", "5000");
    expect(result).toEqual({ succeeded: 10_000, statuses: "10000 2xx, 0 3xx, 0 4xx, 0 5xx" });
    expect(server.counters.h2.streamsRefused).toBe(0);
  });

  it("gets an answer to each of 5,000 requests over TLS", async () => {
    const { certFile, keyFile } = new TestAuthority().sign("server");
    const { port, server } = await startProofServer({ certFile, keyFile });
    const result = await h2load(`https://127.0.0.1:${port}${ECHO}`, 5_000, 100, "-c", "4", "-m", "50");
    expect(result).toEqual({ succeeded: 5_000, statuses: "5000 2xx, 0 3xx, 0 4xx, 0 5xx" });
    expect(server.counters.calls.statuses[0]).toBe(5_000);
  });
});

describe("grpc-go", () => {
  it("gets its own message back from each of 5,000 calls over 4 connections", async () => {
    const { port, server } = await startProofServer();
    const args = ["-addr", `127.0.0.1:${port}`, "-method", ECHO, "-calls", "5000", "-conns", "4", "-at-once", "50"];
    const { stdout, stderr } = await runTool("go-client", args);
    expect(stderr).toBe("");
    expect(JSON.parse(stdout)).toEqual({ statuses: { OK: 5_000 }, wrong: 0 });
    expect(server.counters.h2).toMatchObject({ streamsRefused: 0, resetsSent: 0 });
  });

  it("gets large messages back, and large failures told apart", async () => {
    const { port } = await startProofServer();
    const sizes = ["-calls", "200", "-conns", "2", "-at-once", "10", "-max-size", "1000000"];
    const echo = await runTool("go-client", ["-addr", `127.0.0.1:${port}`, "-method", ECHO, ...sizes]);
    expect(JSON.parse(echo.stdout)).toEqual({ statuses: { OK: 200 }, wrong: 0 });
    const none = await runTool("go-client", ["-addr", `127.0.0.1:${port}`, "-method", "/no.Such/Method", ...sizes]);
    expect(JSON.parse(none.stdout)).toEqual({ statuses: { Unimplemented: 200 }, wrong: 0 });
  });
});
