import { afterAll, beforeAll } from "vitest";
import { RedisStore } from "../../src/stores/redis/redis-store.js";
import { type ClockedRedis, startClockedRedis } from "../support/redis-clock.js";
import { until } from "../support/until.js";
import { describeStoreConformance } from "./store-suite.js";

let redis: ClockedRedis;
let opened = 0;

beforeAll(async () => {
  redis = await startClockedRedis();
});

afterAll(() => redis?.stop());

describeStoreConformance("redis", async (options) => {
  const store = new RedisStore({ url: redis.url, keyPrefix: `test-${opened++}:`, ...options });
  await until("the store is connected", () => store.isReady() || undefined);
  return { store, nowMicros: redis.nowMicros, advance: (micros) => redis.advance(micros), close: () => store.close() };
});
