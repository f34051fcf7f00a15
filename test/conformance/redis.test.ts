import { afterAll, beforeAll } from "vitest";
import type { RedisStoreOptions } from "../../src/stores/redis/redis-store.js";
import { connectedStore, untilIdle } from "../support/connected-store.js";
import { type ClockedRedis, startClockedRedis } from "../support/redis-clock.js";
import { describeStoreConformance, type OpenStore } from "./store-suite.js";

let redis: ClockedRedis;
let opened = 0;

beforeAll(async () => {
  redis = await startClockedRedis();
});

afterAll(() => redis?.stop());

/** The clock stands still or jumps: what counts from the steady clock of this process is off. */
const open =
  (more: RedisStoreOptions): OpenStore =>
  async (options) => {
    const keyPrefix = `test-${opened++}:`;
    const store = await connectedStore({ url: redis.url, keyPrefix, denyCacheSize: 0, ...more, ...options });
    // What is given back of a refused request comes a moment after the answer: not after the next jump of the clock.
    const advance = async (micros: number): Promise<void> => {
      await untilIdle(store);
      await redis.advance(micros);
    };
    return { store, nowMicros: redis.nowMicros, advance, close: () => store.close() };
  };

describeStoreConformance("redis", open({}));

// As in a Cluster: requests over several tags are decided in parts.
describeStoreConformance("redis by hash tags", open({ hashTags: 16 }), { inParts: true });
