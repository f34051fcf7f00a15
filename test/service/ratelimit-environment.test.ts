import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type Envoy, replaceIn, startEnvoy } from "../support/envoy.js";
import { freePort } from "../support/free-port.js";
import { TestAuthority } from "../support/grpc/certificates.js";
import { GrpcClient } from "../support/grpc-client.js";
import { answersOk, http } from "../support/http-client.js";
import { type LogLine, untilLogged } from "../support/log-lines.js";
import { launch, type Program, whenReady } from "../support/program.js";
import { type RedisServer, startRedis } from "../support/redis-server.js";
import { until } from "../support/until.js";

const REPOSITORY = resolve(import.meta.dirname, "../..");
const PASSWORD = "hunter2@/%";
const REQUEST = { domain: "edge", descriptors: [{ entries: [{ key: "client", value: "a" }] }] };

const folder = mkdtempSync(join(tmpdir(), "weir-er-"));
let redis: RedisServer;
let weir: Program | undefined;
let envoy: Envoy | undefined;

beforeAll(async () => {
  redis = await startRedis({ args: ["--requirepass", PASSWORD], password: PASSWORD });
});

afterEach(async () => {
  await envoy?.stop();
  await weir?.stop();
  [envoy, weir] = [undefined, undefined];
});

afterAll(async () => {
  await redis.stop();
  rmSync(folder, { recursive: true });
});

/** A version of the rules, and the link that envoyproxy/ratelimit's deployments move to it. */
function deploy(version: string, requests: number): void {
  const rules = join(folder, version, "edge", "config");
  mkdirSync(rules, { recursive: true });
  const limit = `rate_limit: { requests_per_unit: ${requests}, unit: hour }`;
  writeFileSync(join(rules, "edge.yaml"), `domain: edge\ndescriptors:\n  - key: client\n    ${limit}\n`);
  symlinkSync(join(folder, version), join(folder, "next"));
  renameSync(join(folder, "next"), join(folder, "current"));
}

/** The program with envoyproxy/ratelimit's names alone. */
async function start(env: Readonly<Record<string, string>>, isReady: (httpUrl: string) => Promise<boolean>) {
  const [port, grpcPort] = [await freePort(), await freePort()];
  const httpUrl = `http://127.0.0.1:${port}`;
  weir = await launch(process.execPath, ["dist/main.js", "serve"], {
    cwd: REPOSITORY,
    env: {
      PATH: process.env.PATH,
      ...{ HOST: "127.0.0.1", PORT: String(port), GRPC_HOST: "127.0.0.1", GRPC_PORT: String(grpcPort) },
      ...{ DEBUG_PORT: "0", RUNTIME_ROOT: join(folder, "current"), RUNTIME_SUBDIRECTORY: "edge" },
      ...env,
    },
  });
  await whenReady(weir, "weir serve", () => isReady(httpUrl));
  return { httpUrl, grpcPort, weir };
}

const startServing = (env: Readonly<Record<string, string>>) =>
  start(env, (httpUrl) => answersOk(`${httpUrl}/healthcheck`));

/** The log line with this message. */
async function logLine(program: Program, message: string): Promise<LogLine | undefined> {
  return (await untilLogged(program, `"msg":"${message}"`))[0];
}

describe("Weir with envoyproxy/ratelimit's environment", () => {
  it("limits by its rules and its Redis, tells its headers and metrics where it does, and follows its link", async () => {
    deploy("one", 2);
    const metricsPort = await freePort();
    const {
      grpcPort,
      httpUrl,
      weir: program,
    } = await startServing({
      ...{ REDIS_SOCKET_TYPE: "tcp", REDIS_URL: `127.0.0.1:${redis.port}`, REDIS_AUTH: PASSWORD },
      ...{ LOG_LEVEL: "INFO", LOG_FORMAT: "json", USE_STATSD: "false", NEAR_LIMIT_RATIO: "0.9" },
      ...{ USE_PROMETHEUS: "true", PROMETHEUS_ADDR: `127.0.0.1:${metricsPort}`, PROMETHEUS_PATH: "/stats" },
      ...{ LIMIT_RESPONSE_HEADERS_ENABLED: "true", LIMIT_LIMIT_HEADER: "X-Limit" },
      ...{ WEIR_DEFAULT_ALGORITHM: "fixed_window", WEIR_STORE_TIMEOUT: "5s" },
    });
    const client = new GrpcClient(grpcPort);
    const first = await client.shouldRateLimit(REQUEST);
    const reset = (first.statuses as { duration_until_reset: { seconds: string } }[])[0]?.duration_until_reset.seconds;
    expect(first).toMatchObject({
      overall_code: "OK",
      response_headers_to_add: [
        { key: "x-limit", value: "2" },
        { key: "ratelimit-remaining", value: "1" },
        { key: "ratelimit-reset", value: reset },
      ],
    });
    await client.shouldRateLimit(REQUEST);
    expect(await client.shouldRateLimit(REQUEST)).toMatchObject({
      overall_code: "OVER_LIMIT",
      response_headers_to_add: [{ value: "2" }, { value: "0" }, {}],
    });
    expect((await redis.command("KEYS", "weir:*")) as string[]).toContainEqual(expect.stringContaining("edge"));

    expect(await http(`${httpUrl}/healthcheck`)).toMatchObject({ status: 200, body: "OK\n" });
    for (const url of [`http://127.0.0.1:${metricsPort}/stats`, `${httpUrl}/metrics`]) {
      expect((await http(url)).body).toContain('outcome="over_limit"');
    }
    expect((await http(`http://127.0.0.1:${metricsPort}/healthz`)).status).toBe(404);

    deploy("two", 100);
    await until("the new rules are in force", async () => {
      const { statuses } = await client.shouldRateLimit(REQUEST);
      const [status] = statuses as { current_limit: { requests_per_unit: number } }[];
      return status?.current_limit.requests_per_unit === 100 ? true : undefined;
    });
    client.close();
    expect(await logLine(program, "using envoyproxy/ratelimit environment variables")).toMatchObject({
      level: "warn",
      taken: expect.arrayContaining(["REDIS_AUTH", "RUNTIME_ROOT", "GRPC_PORT"]),
      warnings: [expect.stringMatching(/^NEAR_LIMIT_RATIO: /)],
    });
    expect(program.output()).not.toContain("hunter2");
  });

  it("answers /healthcheck with 500 until its Redis can be reached", async () => {
    deploy("one", 2);
    const env = { REDIS_SOCKET_TYPE: "tcp", REDIS_URL: `127.0.0.1:${await freePort()}` };
    const answers = async (httpUrl: string): Promise<boolean> =>
      (await http(httpUrl).catch(() => undefined)) !== undefined;
    const { httpUrl } = await start(env, answers);
    expect((await http(`${httpUrl}/healthcheck`)).status).toBe(500);
  });

  it("refuses what it cannot do by envoyproxy/ratelimit's names, and exits with 2", async () => {
    const env = { BACKEND_TYPE: "memcache", GRPC_PORT: "eighty", REDIS_PERSECOND: "true" };
    await expect(startServing(env)).rejects.toThrow(/BACKEND_TYPE must not be memcache/);
    expect(weir?.ended()).toBe(2);
    expect(weir?.output()).toContain('weir serve: GRPC_PORT must be a port, from 0 to 65535, was "eighty"');
    expect(weir?.output()).toContain("weir serve: REDIS_PERSECOND must not be true");
  });

  it("names the files for TLS that it cannot use by envoyproxy/ratelimit's names, and exits with 2", async () => {
    deploy("one", 2);
    const noPem = join(folder, "one/edge/config/edge.yaml");
    const env = { GRPC_SERVER_USE_TLS: "true", GRPC_SERVER_TLS_CERT: "/nowhere", GRPC_SERVER_TLS_KEY: "/nowhere" };
    await expect(startServing({ ...env, GRPC_SERVER_TLS_CA_CERT: noPem })).rejects.toThrow(
      "GRPC_SERVER_TLS_CERT: the file cannot be read (ENOENT)",
    );
    expect(weir?.ended()).toBe(2);
    expect(weir?.output()).toContain("GRPC_SERVER_TLS_CA_CERT: the file contains no PEM certificate");
  });

  it("serves Envoy over GRPC_UDS, whatever a killed process has left there, and takes the socket away", async () => {
    deploy("one", 2);
    const path = join(folder, "grpc.sock");
    const env = { GRPC_UDS: path, WEIR_RULES: join(REPOSITORY, "config/rules"), WEIR_GRPC_SOCKET_MODE: "0600" };
    const { weir: killed } = await startServing(env);
    process.kill(killed.pid, "SIGKILL");
    await until("it is gone", () => killed.ended());
    expect(existsSync(path)).toBe(true);

    const { weir: program } = await startServing(env);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    await expect(startServing(env)).rejects.toThrow(`cannot listen for gRPC on unix:${path}: the address is in use`);

    const tcp = /socket_address: \{ address: 127\.0\.0\.1, port_value: 8081 \}/;
    const weirPort = await freePort();
    envoy = await startEnvoy({
      weirPort,
      edit: (yaml) =>
        replaceIn(yaml, tcp.source.replaceAll("\\", "").replace("8081", String(weirPort)), `pipe: { path: ${path} }`),
    });
    const statuses: number[] = [];
    for (let i = 0; i < 6; i++) statuses.push((await envoy.get("/")).status);
    expect(statuses).toEqual([200, 200, 200, 200, 200, 429]);
    weir = program;
    await program.stop();
    expect(existsSync(path)).toBe(false);
  });

  it("lets in over TLS only clients whose certificate carries GRPC_CLIENT_TLS_SAN", async () => {
    deploy("one", 2);
    const authority = new TestAuthority();
    const server = authority.sign("server");
    const {
      grpcPort,
      httpUrl,
      weir: program,
    } = await startServing({
      ...{ GRPC_SERVER_USE_TLS: "true", GRPC_SERVER_TLS_CERT: server.certFile, GRPC_SERVER_TLS_KEY: server.keyFile },
      ...{ GRPC_SERVER_TLS_CA_CERT: authority.caFile, GRPC_CLIENT_TLS_SAN: "envoy.edge", LOG_FORMAT: "json" },
    });
    const check = async (names: string): Promise<string> => {
      const { certFile, keyFile } = authority.sign("client", names);
      const files = ["--tls-ca", authority.caFile, "--tls-cert", certFile, "--tls-key", keyFile];
      const args = ["check", "edge", "client=b", "--addr", `localhost:${grpcPort}`, "--tls", ...files];
      const checker = await launch(process.execPath, ["dist/main.js", ...args], { cwd: REPOSITORY });
      await until("it has asked", () => checker.ended());
      return checker.output();
    };
    expect(await check("DNS:envoy.edge")).toContain("OK");
    expect(await check("DNS:other.edge")).not.toContain("OK");
    expect((await http(`${httpUrl}/metrics`)).body).toMatch(/^weir_grpc_client_names_refused_total [1-9]/m);
    expect(
      await logLine(program, "a gRPC client was refused: its certificate has none of the required names"),
    ).toMatchObject({
      names: "DNS:other.edge",
    });
    rmSync(authority.folder, { recursive: true });
  });
});
