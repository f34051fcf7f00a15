import { readFileSync } from "node:fs";
import { afterEach, describe, expect, it } from "vitest";
import { newClient } from "../support/clients.js";
import { freePort } from "../support/free-port.js";
import { TestAuthority } from "../support/grpc/certificates.js";
import { GrpcClient, type Message } from "../support/grpc-client.js";
import { kustomize } from "../support/k8s/manifests.js";
import { type PodWeir, startPodWeir } from "../support/k8s/pod-weir.js";
import { type RedisServer, startRedis } from "../support/redis-server.js";
import { until } from "../support/until.js";

const stops: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

async function redisServer(password?: string): Promise<RedisServer> {
  const redis = await startRedis(password === undefined ? {} : { args: ["--requirepass", password], password });
  stops.push(() => redis.stop());
  return redis;
}

function keep(weir: PodWeir): PodWeir {
  stops.push(() => weir.stop());
  return weir;
}

const probesOf = async ({ container, probe }: PodWeir): Promise<readonly boolean[]> => [
  await probe(container.startupProbe),
  await probe(container.readinessProbe),
  await probe(container.livenessProbe),
];

async function codeOf(weir: PodWeir, address: string): Promise<unknown> {
  const client = new GrpcClient(weir.grpcPort);
  try {
    const descriptors = [{ entries: [{ key: "remote_address", value: address }] }];
    return (await client.shouldRateLimit({ domain: "shop", descriptors })).overall_code;
  } finally {
    client.close();
  }
}

/** The requests a minute that a new client may make. */
async function limitOf(weir: PodWeir): Promise<unknown> {
  const client = new GrpcClient(weir.grpcPort);
  try {
    const entries = [{ key: "remote_address", value: newClient() }];
    const { statuses } = await client.shouldRateLimit({ domain: "shop", descriptors: [{ entries }] });
    return ((statuses as Message[])[0]?.current_limit as Message | null)?.requests_per_unit;
  } finally {
    client.close();
  }
}

describe("a pod of k8s/base", () => {
  it("limits by the rules of the ConfigMap, and its probes are well", async () => {
    const redis = await redisServer();
    const weir = keep(await startPodWeir(await kustomize("base"), { redisUrl: redis.url }));
    expect(await probesOf(weir)).toEqual([true, true, true]);
    const codes: unknown[] = [];
    for (let request = 0; request < 6; request++) codes.push(await codeOf(weir, "192.0.2.1"));
    expect(codes).toEqual(["OK", "OK", "OK", "OK", "OK", "OVER_LIMIT"]);
  });

  it("stays alive and ready when Redis goes away", async () => {
    const redis = await redisServer();
    const weir = keep(await startPodWeir(await kustomize("base"), { redisUrl: redis.url }));
    await redis.stop();
    await until("Redis is missed", async () =>
      (await codeOf(weir, newClient()).catch(() => "failed")) === "failed" ? true : undefined,
    );
    expect(await probesOf(weir)).toEqual([true, true, true]);
  });

  it("takes up a ConfigMap that a kubelet has replaced, and one with other files, without a restart", async () => {
    const redis = await redisServer();
    // Without looking now and then: what the file system tells must be enough.
    const env = { WEIR_RULES_POLL: "0s" };
    const weir = keep(await startPodWeir(await kustomize("base"), { redisUrl: redis.url, env }));
    expect(await limitOf(weir)).toBe(30);
    const rules = (perMinute: number): string =>
      `domain: shop\ndescriptors:\n  - key: remote_address\n    rate_limit: { unit: minute, requests_per_unit: ${perMinute} }\n`;
    const inForce = (perMinute: number): Promise<true> =>
      until(`${perMinute} a minute`, async () => ((await limitOf(weir)) === perMinute ? true : undefined));
    await weir.rules.replace({ "shop.yaml": rules(41) });
    await inForce(41);
    await weir.rules.replace({ "shop.yaml": rules(42) });
    await inForce(42);
    await weir.rules.replace({ "clients.yaml": rules(43) });
    await inForce(43);
    await weir.rules.replace({ "clients.yaml": "domain: shop\ndescriptors: 5\n" });
    await until("the fault is told", () => (weir.output().includes("clients.yaml:2:14") ? true : undefined));
    expect(await limitOf(weir)).toBe(43);
    expect(weir.ended()).toBeUndefined();
  });

  it("waits for a Redis that is away at the start: it lives, and is not ready", async () => {
    const redisUrl = `redis://127.0.0.1:${await freePort()}`;
    const weir = keep(await startPodWeir(await kustomize("base"), { redisUrl, awaited: "/healthz" }));
    await until("it has started", async () => ((await weir.probe(weir.container.startupProbe)) ? true : undefined));
    expect(await probesOf(weir)).toEqual([true, false, true]);
  });

  it("says that it is not ready after SIGTERM, goes on answering for the delay, and ends with 0", async () => {
    const redis = await redisServer();
    const env = { WEIR_SHUTDOWN_DELAY: "2s" };
    const weir = await startPodWeir(await kustomize("base"), { redisUrl: redis.url, env });
    const stopping = weir.stop();
    const { readinessProbe } = weir.container;
    await until("it is not ready", async () => ((await weir.probe(readinessProbe)) ? undefined : true));
    expect(await codeOf(weir, newClient())).toBe("OK");
    expect(await stopping).toBe(0);
  });
});

describe("a pod of k8s/overlays/production", () => {
  it("logs in to Redis with the Secret's password, speaks TLS, and is probed over HTTP", async () => {
    const redis = await redisServer("hunter2-hunter2");
    const { certFile, keyFile } = new TestAuthority().sign("weir");
    const tls = { "tls.crt": readFileSync(certFile, "utf8"), "tls.key": readFileSync(keyFile, "utf8") };
    const secrets = { "/etc/weir/redis": { password: "hunter2-hunter2" }, "/etc/weir/tls": tls };
    const weir = keep(await startPodWeir(await kustomize("overlays/production"), { redisUrl: redis.url, secrets }));
    expect(await probesOf(weir)).toEqual([true, true, true]);
    // What a gRPC probe would see, were there one.
    expect(await weir.probe({ grpc: { port: 8081, service: "ratelimit" }, periodSeconds: 1 })).toBe(false);
  });
});
