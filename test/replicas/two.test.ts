import { afterAll, beforeAll, expect, it } from "vitest";
import { newClient } from "../support/clients.js";
import { type Envoy, startEnvoy } from "../support/envoy.js";
import { callAllOf } from "../support/envoy-replicas.js";
import { sumOf } from "../support/metrics-text.js";
import { type RedisServer, startRedis } from "../support/redis-server.js";
import { type RulesFolder, writeRules } from "../support/rules-folder.js";
import { until } from "../support/until.js";
import { startWeir, type WeirProcess } from "../support/weir-process.js";

// Two Envoys, each with a Weir of its own, and one Redis behind both. Days, so that no token comes back meanwhile.
const RULES = `
domain: shop
descriptors:
  - { key: path, value: /bulk, rate_limit: { unit: day, requests_per_unit: 50 } }
  - { key: path, value: /slow, rate_limit: { unit: day, requests_per_unit: 4 } }
  - { key: path, value: /kept, rate_limit: { unit: day, requests_per_unit: 2 } }
  - { key: llm_user, rate_limit: { unit: day, requests_per_unit: 100, max_debt: 100 } }
`;

let redis: RedisServer;
let rules: RulesFolder;
let weirs: WeirProcess[];
let envoys: Envoy[];

function startReplica(): Promise<WeirProcess> {
  return startWeir({ rules: rules.path, redisUrl: redis.url, env: { WEIR_STORE_TIMEOUT: "2s" } });
}

beforeAll(async () => {
  rules = await writeRules(RULES);
  redis = await startRedis();
  weirs = await Promise.all([startReplica(), startReplica()]);
  envoys = await Promise.all(weirs.map((weir) => startEnvoy({ weirPort: weir.grpcPort })));
});

afterAll(async () => {
  await Promise.all((envoys ?? []).map((envoy) => envoy.stop()));
  await Promise.all((weirs ?? []).map((weir) => weir.stop()));
  await redis?.stop();
  await rules?.remove();
});

it("what one replica charges is gone for the other", async () => {
  const [left, right] = envoys as [Envoy, Envoy];
  const told: string[] = [];
  for (const envoy of [left, right, left, right, left]) {
    const { status, headers } = await envoy.get("/slow");
    told.push(`${status} ${headers["x-ratelimit-remaining"]}`);
  }
  expect(told).toEqual(["200 3", "200 2", "200 1", "200 0", "429 0"]);
  expect((await right.get("/slow")).status).toBe(429);
});

it("requests in flight over both replicas admit exactly the limit", async () => {
  const requests = Array.from({ length: 160 }, (_, i) => envoys[i % 2]!.get("/bulk", { from: newClient() }));
  const statuses = (await Promise.all(requests)).map((answer) => answer.status);
  expect(statuses.filter((status) => status === 200)).toHaveLength(50);
  expect(statuses.filter((status) => status === 429)).toHaveLength(110);
});

it("a replica that starts later finds the buckets as they are", async () => {
  const [left] = envoys as [Envoy, Envoy];
  expect((await left.get("/kept")).status).toBe(200);
  const weir = await startReplica();
  const envoy = await startEnvoy({ weirPort: weir.grpcPort });
  try {
    expect((await envoy.get("/kept")).headers["x-ratelimit-remaining"]).toBe("0");
    expect((await left.get("/kept")).status).toBe(429);
  } finally {
    await envoy.stop();
    expect(await weir.stop()).toBe(0);
  }
});

it("a cost that another replica hears of is charged in full all the same", async () => {
  const [first, second] = weirs as [WeirProcess, WeirProcess];
  // Envoy sends its calls to both in turn: the peek to one, the report of the cost to the other.
  const edit = callAllOf([first.grpcPort, second.grpcPort]);
  const calls = async (weir: WeirProcess): Promise<number> =>
    sumOf(await weir.metrics(), "weir_decisions_total", { rule: "llm_user" });
  const envoy = await startEnvoy({ weirPort: first.grpcPort, edit });
  try {
    const headers = { "x-user-id": "ann", "x-tokens": "150" };
    expect((await envoy.get("/v1/chat", { headers })).status).toBe(200);
    await until("the cost is reported", async () => {
      const heard = [await calls(first), await calls(second)];
      return heard[0] === 1 && heard[1] === 1 ? true : undefined;
    });
    const refused = await envoy.get("/v1/chat", { headers });
    expect(refused.status).toBe(429);
    // A debt of 50 at 100 a day.
    expect(Number(refused.headers["x-ratelimit-reset"])).toBeGreaterThan(43_000);
    expect(Number(refused.headers["x-ratelimit-reset"])).toBeLessThanOrEqual(43_200);
  } finally {
    await envoy.stop();
  }
});
