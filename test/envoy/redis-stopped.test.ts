import { afterAll, beforeAll, expect, it } from "vitest";
import { type Envoy, startEnvoy } from "../support/envoy.js";
import { sumOf } from "../support/metrics-text.js";
import { type RedisServer, startRedis } from "../support/redis-server.js";
import { type RulesFolder, writeRules } from "../support/rules-folder.js";
import { until } from "../support/until.js";
import { startWeir, type WeirProcess } from "../support/weir-process.js";

const RULES = `
domain: shop
descriptors:
  - { key: path, value: /busy, rate_limit: { unit: day, requests_per_unit: 5 } }
  - { key: path, value: /again, rate_limit: { unit: day, requests_per_unit: 5 } }
  - { key: path, value: /hung, rate_limit: { unit: day, requests_per_unit: 5 } }
`;

let redis: RedisServer;
let rules: RulesFolder;
let weir: WeirProcess;
let envoy: Envoy;

beforeAll(async () => {
  rules = await writeRules(RULES);
  redis = await startRedis();
  weir = await startWeir({ rules: rules.path, redisUrl: redis.url, env: { WEIR_STORE_TIMEOUT: "500ms" } });
  envoy = await startEnvoy({ weirPort: weir.grpcPort });
});

afterAll(async () => {
  await envoy?.stop();
  await weir?.stop();
  await redis?.stop();
  await rules?.remove();
});

/** Requests one after the other until told to stop, as a client sees them. */
function traffic(path: string): { seen(status: number): number; slowestMillis(): number; stop(): Promise<void> } {
  const counts = new Map<number, number>();
  let slowest = 0;
  let running = true;
  const loop = (async () => {
    while (running) {
      const asked = performance.now();
      const { status } = await envoy.get(path);
      slowest = Math.max(slowest, performance.now() - asked);
      counts.set(status, (counts.get(status) ?? 0) + 1);
    }
  })();
  return {
    seen: (status) => counts.get(status) ?? 0,
    slowestMillis: () => slowest,
    stop: async () => {
      running = false;
      await loop;
    },
  };
}

async function codes(count: number, path: string): Promise<number[]> {
  const all: number[] = [];
  for (let i = 0; i < count; i++) all.push((await envoy.get(path)).status);
  return all;
}

it("traffic flows while Redis is gone, metrics tell, and limits hold again when it is back", async () => {
  expect(await codes(7, "/busy")).toEqual([200, 200, 200, 200, 200, 429, 429]);
  const before = await weir.metrics();
  expect(sumOf(before, "weir_decisions_total", { outcome: "failed" })).toBe(0);
  expect(sumOf(before, "weir_store_operations_total", { store: "redis", status: "ok" })).toBe(7);

  const client = traffic("/busy");
  try {
    await until("the limit holds", () => (client.seen(429) >= 5 ? true : undefined));
    expect(client.seen(200)).toBe(0);

    await redis.stop();
    await until("requests are let through without Redis", () => (client.seen(200) >= 20 ? true : undefined));
    const during = await weir.metrics();
    expect(sumOf(during, "weir_decisions_total", { domain: "shop", outcome: "failed" })).toBeGreaterThanOrEqual(20);
    const failed = ["unavailable", "timeout", "error"].map((status) =>
      sumOf(during, "weir_store_operations_total", { store: "redis", status }),
    );
    expect(failed.reduce((sum, count) => sum + count)).toBeGreaterThanOrEqual(20);
    expect(await envoy.stat("cluster.services.ratelimit.failure_mode_allowed")).toBeGreaterThanOrEqual(20);

    await redis.start();
    const refusedSoFar = client.seen(429);
    await until("the limit holds again", () => (client.seen(429) > refusedSoFar ? true : undefined), 20_000);
  } finally {
    await client.stop();
  }
  // No client waited for a Redis that is not there.
  expect(client.slowestMillis()).toBeLessThan(3_000);
  expect(weir.ended()).toBeUndefined();

  // The same process, and exact as before.
  expect(await codes(7, "/again")).toEqual([200, 200, 200, 200, 200, 429, 429]);
});

it("a Redis that hangs holds no request up, and limits hold again when it goes on", async () => {
  const timeouts = async (): Promise<number> =>
    sumOf(await weir.metrics(), "weir_store_operations_total", { store: "redis", status: "timeout" });
  const before = await timeouts();
  redis.freeze();
  try {
    const asked = performance.now();
    expect((await envoy.get("/hung")).status).toBe(200);
    expect(performance.now() - asked).toBeLessThan(2_000);
    expect(await timeouts()).toBe(before + 1);
  } finally {
    redis.thaw();
  }
  await until("the limit holds", async () => ((await envoy.get("/hung")).status === 429 ? true : undefined), 20_000);
});
