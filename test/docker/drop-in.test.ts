import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { credentials } from "@grpc/grpc-js";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { ControlPlane, type ControlPlaneTls } from "../support/control-plane.js";
import { docker } from "../support/docker/compose.js";
import { type Container, runContainer } from "../support/docker/container.js";
import { createNetwork, type Network } from "../support/docker/network.js";
import { buildWeirImage } from "../support/docker/weir-image.js";
import { certsFolder, gatewayEnvironment, readCerts } from "../support/envoy-gateway.js";
import { TestAuthority } from "../support/grpc/certificates.js";
import { GrpcClient } from "../support/grpc-client.js";
import { http } from "../support/http-client.js";
import { sumOf } from "../support/metrics-text.js";
import { startTlsRedis, type TlsRedis } from "../support/redis-tls.js";
import { until } from "../support/until.js";

// The image in the place of envoyproxy/ratelimit's: started by its command, with its environment, volumes and probes, and
// with nothing of Weir's own.

const MINUTE = 60_000;
const DOMAIN = "default/eg/http";
const LIMIT = 3;

const folder = mkdtempSync(join(tmpdir(), "weir-drop-in-"));
const authority = new TestAuthority("envoy-gateway");
let image: string;
let network: Network;
let redis: TlsRedis;
let container: Container | undefined;

beforeAll(async () => {
  image = await buildWeirImage();
  chmodSync(folder, 0o755);
  network = await createNetwork();
  const args = ["--bind", "127.0.0.1", network.hostAddress, "--protected-mode", "no"];
  redis = await startTlsRedis(authority, { args });
});

afterEach(async () => {
  await container?.remove();
  container = undefined;
});

afterAll(async () => {
  await redis?.stop();
  await network?.remove();
  for (const each of [folder, authority.folder]) rmSync(each, { recursive: true });
});

/** A pod of that image, as its user there, on the ports that it has. */
async function startPod(env: Readonly<Record<string, string>>, ...volumes: readonly string[]): Promise<Container> {
  const ports = [8080, 8081, 19_001].flatMap((port) => ["--publish", `127.0.0.1::${port}`]);
  const variables = Object.entries(env).flatMap(([name, value]) => ["--env", `${name}=${value}`]);
  const place = ["--network", network.name, "--add-host", `envoy-gateway:${network.hostAddress}`];
  const pod = [...place, ...ports, ...variables, ...volumes, "--user", "65534:65534", "--health-interval", "1s"];
  container = await runContainer(...pod, "--entrypoint", "/bin/ratelimit", image);
  const running = container;
  const url = `http://127.0.0.1:${await running.port(8080)}/healthcheck`;
  const isHealthy = async () => ((await http(url).catch(() => undefined))?.status === 200 ? true : undefined);
  await until("its probe is answered", isHealthy, MINUTE).catch(async (error: Error) => {
    throw new Error(`${error.message}\n${await running.logs()}`);
  });
  return running;
}

/** The overall code for a client. A call that Redis answered too late has none, and is made again. */
async function ask(client: GrpcClient, address: string): Promise<string> {
  const request = { domain: DOMAIN, descriptors: [{ entries: [{ key: "remote_address", value: address }] }] };
  return await until("an answer", async () => {
    const answer = await client.shouldRateLimit(request).catch(() => undefined);
    return answer === undefined ? undefined : String(answer.overall_code);
  });
}

/** Sees that a client is refused, and not before its limit. */
async function expectLimit(client: GrpcClient, address: string): Promise<void> {
  const codes: string[] = [];
  while (codes.length <= LIMIT && codes.at(-1) !== "OVER_LIMIT") codes.push(await ask(client, address));
  expect(codes.slice(0, -1)).toContain("OK");
  expect(codes.at(-1)).toBe("OVER_LIMIT");
}

/** Waits until the image's own health check is content. */
async function expectHealthy({ id, inspect }: Container): Promise<void> {
  expect(await docker("exec", id, "/bin/weir", "check")).toContain("is serving");
  const isHealthy = async () => ((await inspect("{{.State.Health.Status}}")) === "healthy" ? true : undefined);
  await until("healthy", isHealthy, MINUTE);
}

describe("under Envoy Gateway", () => {
  const rules = (limit: object) => ({
    ...{ name: DOMAIN, domain: DOMAIN },
    descriptors: [{ key: "remote_address", rate_limit: limit }],
  });
  const HOURLY = rules({ requests_per_unit: LIMIT, unit: "HOUR" });
  let planeTls: ControlPlaneTls;
  let plane: ControlPlane;

  beforeAll(async () => {
    planeTls = readCerts(certsFolder(authority, "envoy-gateway", "DNS:envoy-gateway"));
    plane = await ControlPlane.start(planeTls, network.hostAddress);
  });

  afterAll(() => plane?.stop());

  it("is probed, takes rules from it, limits over mTLS, and outlives its restart", async () => {
    const certs = certsFolder(authority, "envoy-ratelimit");
    const redisUrl = `envoy-gateway:${redis.port}`;
    const pod = await startPod(
      {
        ...gatewayEnvironment({ controlPlane: `envoy-gateway:${plane.port}`, redis: redisUrl, certs: "/certs" }),
        // Nobody is there to take traces.
        ...{ TRACING_ENABLED: "true", TRACING_SERVICE_NAME: "envoy-ratelimit", TRACING_SAMPLING_RATE: "1.0" },
        ...{ TRACING_SERVICE_NAMESPACE: "envoy-gateway-system", TRACING_SERVICE_INSTANCE_ID: "envoy-ratelimit-0" },
        OTEL_EXPORTER_OTLP_ENDPOINT: "http://envoy-gateway:9",
      },
      ...["--volume", `${certs}:/certs:ro`, "--tmpfs", "/data"],
    );
    const healthUrl = `http://127.0.0.1:${await pod.port(8080)}/healthcheck`;
    const metricsUrl = `http://127.0.0.1:${await pod.port(19_001)}/metrics`;
    const grpcPort = await pod.port(8081);
    expect(await plane.answerTo(plane.set(HOURLY))).toEqual({ ack: true, message: "" });
    const { ca, cert, key } = readCerts(certsFolder(authority, "envoy"));
    const name = { "grpc.ssl_target_name_override": "localhost" };
    const client = new GrpcClient(grpcPort, name, credentials.createSsl(ca, key, cert));
    await expectLimit(client, "192.0.2.1");
    expect(await redis.command("DBSIZE")).toBeGreaterThan(0);
    const stranger = new GrpcClient(grpcPort, name, credentials.createSsl(ca));
    await expect(stranger.shouldRateLimit({ domain: DOMAIN, descriptors: [] })).rejects.toMatchObject({ code: 14 });
    stranger.close();
    await expectHealthy(pod);

    plane.stop();
    const connected = async () => sumOf((await http(metricsUrl)).body, "weir_xds_connected");
    await until("the loss is noticed", async () => (await connected()) === 0 || undefined);
    expect(await ask(client, "192.0.2.1")).toBe("OVER_LIMIT");
    expect((await http(healthUrl)).status).toBe(200);
    await plane.start(planeTls);
    plane.set(rules({ unlimited: true }));
    await until("it is found again", async () => (await connected()) === 1 || undefined, MINUTE);
    await until("its rules count", async () => (await ask(client, "192.0.2.1")) === "OK" || undefined);
    client.close();
  });
});

describe("with the files of envoyproxy/ratelimit", () => {
  it("reads rules where they lie, and limits by its Redis over TLS", async () => {
    const config = join(folder, "ratelimit/config");
    mkdirSync(config, { recursive: true });
    const limit = `rate_limit: { unit: hour, requests_per_unit: ${LIMIT} }`;
    writeFileSync(join(config, "edge.yaml"), `domain: ${DOMAIN}\ndescriptors: [{ key: remote_address, ${limit} }]\n`);
    const env = {
      ...{ RUNTIME_ROOT: "/data", RUNTIME_SUBDIRECTORY: "ratelimit", USE_STATSD: "false", LOG_LEVEL: "info" },
      ...{ REDIS_SOCKET_TYPE: "tcp", REDIS_URL: `${network.hostAddress}:${new URL(redis.tlsUrl).port}` },
      ...{ REDIS_TLS: "true", REDIS_TLS_CACERT: "/redis-certs/ca.crt" },
      ...{ REDIS_TLS_CLIENT_CERT: "/redis-certs/tls.crt", REDIS_TLS_CLIENT_KEY: "/redis-certs/tls.key" },
      REDIS_TLS_SKIP_HOSTNAME_VERIFICATION: "true",
    };
    const certs = certsFolder(authority, "ratelimit");
    const pod = await startPod(env, "--volume", `${folder}:/data:ro`, "--volume", `${certs}:/redis-certs:ro`);
    const client = new GrpcClient(await pod.port(8081));
    await expectLimit(client, "192.0.2.2");
    client.close();
    await expectHealthy(pod);
  });
});
