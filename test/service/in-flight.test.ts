import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { GrpcClient } from "../support/grpc-client.js";
import { type RedisServer, startRedis } from "../support/redis-server.js";
import { type RulesFolder, writeRules } from "../support/rules-folder.js";
import { startWeir } from "../support/weir-process.js";

const RULES = `
domain: test
descriptors:
  - key: client
    rate_limit: { requests_per_unit: 50, unit: year }
`;
const REQUEST = { domain: "test", descriptors: [{ entries: [{ key: "client", value: "a" }] }] };

let redis: RedisServer;
let rules: RulesFolder;

beforeAll(async () => {
  redis = await startRedis();
  rules = await writeRules(RULES);
});

afterAll(async () => {
  await redis?.stop();
  await rules?.remove();
});

describe("200 requests in flight on one key with burst 50", () => {
  it.each(["memory", "redis"])("admit exactly 50 with the %s store", async (store) => {
    // What counts here is the count: a stalled machine must not turn answers into failures.
    const env = { WEIR_STORE_TIMEOUT: "20s" };
    const weir = await startWeir({ rules: rules.path, env, ...(store === "redis" ? { redisUrl: redis.url } : {}) });
    const client = new GrpcClient(weir.grpcPort);
    try {
      const answers = await Promise.all(Array.from({ length: 200 }, () => client.shouldRateLimit(REQUEST)));
      const codes = answers.map((answer) => answer.overall_code);
      expect(codes.filter((code) => code === "OK")).toHaveLength(50);
      expect(codes.filter((code) => code === "OVER_LIMIT")).toHaveLength(150);
    } finally {
      client.close();
      await weir.stop();
    }
  });
});
