import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { GrpcClient, type Message } from "../support/grpc-client.js";
import { sumOf } from "../support/metrics-text.js";
import { type RedisServer, startRedis } from "../support/redis-server.js";
import { type RulesFolder, writeRules } from "../support/rules-folder.js";
import { until } from "../support/until.js";
import { startWeir, type WeirProcess } from "../support/weir-process.js";

const RULES = `
domain: shop
descriptors:
  - { key: bucket, rate_limit: { unit: year, requests_per_unit: 8 } }
  - { key: window, rate_limit: { unit: year, requests_per_unit: 8, algorithm: fixed_window } }
  - { key: banned, rate_limit: { unit: day, requests_per_unit: 0 } }
`;

let folder: string;
let redis: RedisServer;
let rules: RulesFolder;
let weir: WeirProcess;
let client: GrpcClient;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "weir-aof-"));
  // It remembers all that it has answered, so that kill -9 loses nothing: what was written the system has.
  redis = await startRedis({ args: ["--appendonly", "yes", "--appendfsync", "no", "--dir", folder] });
  rules = await writeRules(RULES);
  // A Redis that is gone is noticed at once; one that is slow, because the machine stalls, is to be waited for.
  const env = { WEIR_ON_STORE_FAILURE: "local", WEIR_LOCAL_SHARE: "0.25", WEIR_STORE_TIMEOUT: "5s" };
  weir = await startWeir({ rules: rules.path, redisUrl: redis.url, env });
  client = new GrpcClient(weir.grpcPort);
});

afterAll(async () => {
  client?.close();
  await weir?.stop();
  await redis?.stop();
  await rules?.remove();
  await rm(folder, { recursive: true, force: true });
});

function ask(key: string, hits?: number): Promise<Message> {
  const entries = [{ key, value: "a" }];
  const hits_addend = hits === undefined ? {} : { hits_addend: { value: hits } };
  return client.shouldRateLimit({ domain: "shop", descriptors: [{ entries, ...hits_addend }] });
}

async function askTimes(count: number, key: string): Promise<Message[]> {
  const answers: Message[] = [];
  for (let i = 0; i < count; i++) answers.push(await ask(key));
  return answers;
}

/** What a bucket has left, by its store: an answer of this process's own does not tell. */
async function remainingInRedis(key: string): Promise<number> {
  return await until("Redis answers", async () => {
    const [status] = (await ask(key, 0)).statuses as { current_limit: object | null; limit_remaining: number }[];
    return status?.current_limit ? status.limit_remaining : undefined;
  });
}

it("under local, a killed Redis leaves each process its share, and its counts go on when it is back", async () => {
  for (const key of ["bucket", "window"]) {
    const codes = (await askTimes(3, key)).map(({ overall_code }) => overall_code);
    expect(codes).toEqual(["OK", "OK", "OK"]);
  }
  const before = await weir.metrics();
  await redis.kill();
  for (const key of ["bucket", "window"]) {
    const answers = await askTimes(10, key);
    const codes = answers.map(({ overall_code }) => overall_code);
    expect(codes).toEqual(["OK", "OK", ...Array(8).fill("OVER_LIMIT")]);
    for (const { overall_code, statuses } of answers) {
      expect(statuses).toEqual([
        { code: overall_code, current_limit: null, limit_remaining: 0, duration_until_reset: null, quota: null },
      ]);
    }
  }
  expect((await ask("banned")).overall_code).toBe("OVER_LIMIT");
  const during = await weir.metrics();
  expect(sumOf(before, "weir_decisions_total", { outcome: "local" })).toBe(0);
  expect(sumOf(during, "weir_decisions_total", { outcome: "local" })).toBe(21);
  expect(sumOf(during, "weir_store_operations_total", { status: "unavailable" })).toBe(21);
  await redis.start();
  for (const key of ["bucket", "window"]) expect(await remainingInRedis(key)).toBe(5);
  const codes = (await askTimes(6, "bucket")).map(({ overall_code }) => overall_code);
  expect(codes).toEqual(["OK", "OK", "OK", "OK", "OK", "OVER_LIMIT"]);
  const local = sumOf(await weir.metrics(), "weir_decisions_total", { outcome: "local" });
  await askTimes(3, "window");
  expect(sumOf(await weir.metrics(), "weir_decisions_total", { outcome: "local" })).toBe(local);
});
