import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { GrpcClient } from "../support/grpc-client.js";
import { type RedisServer, startRedis } from "../support/redis-server.js";
import { type RulesFolder, writeRules } from "../support/rules-folder.js";
import { until } from "../support/until.js";
import { startWeir, type WeirProcess } from "../support/weir-process.js";

const RULES = `
domain: shop
descriptors:
  - { key: api_key, rate_limit: { unit: year, requests_per_unit: 3 } }
`;
const API_KEY = "sk-live-hunter2";

let redis: RedisServer;
let rules: RulesFolder;
const started: { readonly weir: WeirProcess; readonly client: GrpcClient }[] = [];

beforeAll(async () => {
  redis = await startRedis();
  rules = await writeRules(RULES);
});

afterAll(async () => {
  for (const { weir, client } of started) {
    client.close();
    await weir.stop();
  }
  await redis?.stop();
  await rules?.remove();
});

/** A Weir that hashes keys under a secret. */
async function startHashing(name: string, secret: string) {
  const file = join(rules.path, name);
  await writeFile(file, secret);
  const env = { WEIR_HASH_KEYS: "true", WEIR_HASH_KEYS_SECRET_FILE: file, WEIR_STORE_TIMEOUT: "5s" };
  const weir = await startWeir({ rules: rules.path, redisUrl: redis.url, env });
  const one = { weir, client: new GrpcClient(weir.grpcPort) };
  started.push(one);
  return one;
}

async function ask(client: GrpcClient, value: string): Promise<unknown> {
  const descriptors = [{ entries: [{ key: "api_key", value }] }];
  return (await client.shouldRateLimit({ domain: "shop", descriptors })).overall_code;
}

describe("replicas that hash keys", () => {
  it("count together with the same secret and apart with another, and keep values out of Redis and logs", async () => {
    const one = await startHashing("one", "a secret of ours that is long\n");
    const same = await startHashing("same", "a secret of ours that is long");
    const other = await startHashing("other", "a secret of others that is long");
    const codes: unknown[] = [];
    for (const { client } of [one, same, one, same]) codes.push(await ask(client, API_KEY));
    expect(codes).toEqual(["OK", "OK", "OK", "OVER_LIMIT"]);
    expect(await ask(other.client, API_KEY)).toBe("OK");
    const keys = (await redis.command("KEYS", "*")) as string[];
    const buckets = keys.filter((key) => key.includes("api_key"));
    expect(buckets).toHaveLength(2);
    for (const key of buckets) expect(key).toMatch(/api_key\^[\w-]{24}\|/);
    expect(keys.join()).not.toContain("hunter2");
    // An operator must find the bucket that cannot be used, and not the value.
    for (const key of buckets) await redis.command("SET", key, "not a bucket of Weir's");
    await expect(ask(one.client, API_KEY)).rejects.toThrow(/api_key\^/);
    const logged = await until("it is logged", () => /.*the store failed.*\n/.exec(one.weir.output())?.[0]);
    expect(logged).toMatch(/api_key\^/);
    expect(one.weir.output()).not.toContain("hunter2");
  });
});
