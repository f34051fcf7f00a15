import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { NativeGrpcServer } from "../../../src/grpc/native-grpc-server.js";
import { freePort } from "../../support/free-port.js";
import { CliUnderTest } from "./cli-under-test.js";
import { TemporaryFolder } from "./temporary-folder.js";

let grpc: NativeGrpcServer | undefined;
let web: Server | undefined;
const folder = new TemporaryFolder();

afterEach(async () => {
  await grpc?.shutdown(0);
  web?.closeAllConnections();
  web?.close();
  grpc = undefined;
  web = undefined;
});

async function serveHealth(isServing: boolean): Promise<number> {
  grpc = new NativeGrpcServer();
  grpc.setServing(isServing);
  return await grpc.listen({ host: "127.0.0.1", port: 0 });
}

/** An HTTP server that answers `/readyz` so, and nothing else. */
async function serveReadyz(status: number, body: string): Promise<number> {
  const server = createServer((request, response) => {
    response.writeHead(request.url === "/readyz" ? status : 404).end(body);
  });
  web = server;
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

async function check(argv: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const cli = new CliUnderTest();
  const code = await cli.run(["check", ...argv], { env });
  return { code, out: cli.out.join("\n"), errors: cli.errors.join("\n") };
}

describe("weir check without a domain", () => {
  it("asks the health service of the server that the environment starts, on loopback where it listens everywhere", async () => {
    const port = await serveHealth(true);
    const answer = { code: 0, out: `OK: 127.0.0.1:${port} is serving`, errors: "" };
    expect(await check([], { WEIR_GRPC_LISTEN: `0.0.0.0:${port}` })).toEqual(answer);
    expect(await check(["--addr", `127.0.0.1:${port}`])).toEqual(answer);
  });

  it("asks on the unix socket where that server listens on one", async () => {
    const path = join(folder.path, "weir.sock");
    grpc = new NativeGrpcServer();
    grpc.setServing(true);
    await grpc.listen({ path });
    const answer = { code: 0, out: `OK: unix:${path} is serving`, errors: "" };
    expect(await check([], { WEIR_GRPC_LISTEN: `unix:${path}` })).toEqual(answer);
    expect(await check(["--addr", `unix:${path}`])).toEqual(answer);
    const nobody = await check(["--addr", `unix:${path}.not`]);
    expect(nobody).toMatchObject({ code: 3, out: "" });
    expect(nobody.errors).toContain(`weir check: no answer from unix:${path}.not: connect ENOENT`);
  });

  it("exits with 1 when the server wants no traffic", async () => {
    const port = await serveHealth(false);
    const answer = await check(["--addr", `127.0.0.1:${port}`]);
    expect(answer).toEqual({ code: 1, out: "", errors: `weir check: 127.0.0.1:${port} is not serving` });
  });

  const TLS = { WEIR_GRPC_TLS_CERT: "tls.crt", WEIR_GRPC_TLS_KEY: "tls.key" };

  it.each([
    ["gRPC has TLS", TLS],
    ["nobody knows the port of gRPC", { WEIR_GRPC_LISTEN: "127.0.0.1:0" }],
  ])("asks /readyz where %s", async (_, env) => {
    const port = await serveReadyz(200, "OK");
    const answer = await check([], { ...env, WEIR_HTTP_LISTEN: `0.0.0.0:${port}` });
    expect(answer).toEqual({ code: 0, out: `OK: 127.0.0.1:${port} is serving`, errors: "" });
  });

  it("tells what /readyz says is missing", async () => {
    const port = await serveReadyz(503, "not ready\nstopping\nwarming up");
    const answer = await check([], { ...TLS, WEIR_HTTP_LISTEN: `127.0.0.1:${port}` });
    const errors = `weir check: 127.0.0.1:${port} is not serving: stopping; warming up`;
    expect(answer).toEqual({ code: 1, out: "", errors });
  });

  it("exits with 3 when there is no answer, and says why", async () => {
    const [port, webPort] = [await freePort(), await serveReadyz(404, "")];
    const nobody = await check(["--addr", `127.0.0.1:${port}`]);
    expect(nobody).toMatchObject({ code: 3, out: "" });
    expect(nobody.errors).toContain(`weir check: no answer from 127.0.0.1:${port}: connect ECONNREFUSED`);
    const noReadyz = await check([], { ...TLS, WEIR_HTTP_LISTEN: `127.0.0.1:${webPort}` });
    expect(noReadyz).toMatchObject({ code: 3 });
    expect(noReadyz.errors).toContain("/readyz answered with HTTP status 404: is this Weir's HTTP port?");
    expect(await check(["--addr", `127.0.0.1:${webPort}`])).toMatchObject({ code: 3, out: "" });
  });

  it("exits with 3 when the answer takes too long", async () => {
    const server = createServer(() => {});
    web = server;
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    const env = { ...TLS, WEIR_HTTP_LISTEN: `127.0.0.1:${port}` };
    const late = await check(["--timeout", "50ms"], env);
    expect(late).toMatchObject({
      code: 3,
      errors: `weir check: no answer from 127.0.0.1:${port}: timed out after 50 ms`,
    });
  });

  it.each([
    [["--hits", "2"], {}, "--hits requires DOMAIN and KEY=VALUE"],
    [["--tls"], {}, "--tls requires DOMAIN and KEY=VALUE"],
    [["--addr", "nowhere"], {}, "--addr must be host:port"],
    [["--timeout", "10"], {}, "--timeout must be a duration"],
    [[], { WEIR_GRPC_LISTEN: "nowhere" }, "WEIR_GRPC_LISTEN must be"],
    [[], { WEIR_GRPC_LISTEN: "127.0.0.1:0", WEIR_HTTP_LISTEN: "127.0.0.1:0" }, "WEIR_HTTP_LISTEN leaves"],
  ])("is refused with 2 when it makes no sense: %j %j", async (argv, env, words) => {
    const { code, out, errors } = await check(argv, env);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(errors).toContain(`weir check: ${words}`);
  });
});
