import type { RedisLinkOptions } from "../../src/stores/redis/link/link-options.js";
import { openRedisLink } from "../../src/stores/redis/link/open-redis-link.js";
import { BATCH_SCRIPT } from "../../src/stores/redis/lua-script.js";
import { RedisStore, type RedisStoreOptions } from "../../src/stores/redis/redis-store.js";
import { StoreFailure } from "../../src/stores/store.js";
import { until } from "./until.js";

export type TestStoreOptions = RedisStoreOptions & Omit<RedisLinkOptions, "scripts">;

/** A store on its own way to Redis, perhaps not connected yet. */
export function storeAt(options: TestStoreOptions): RedisStore {
  return new RedisStore(openRedisLink({ ...options, scripts: [BATCH_SCRIPT] }), options);
}

/** A store that has found its Redis. */
export async function connectedStore(options: TestStoreOptions): Promise<RedisStore> {
  const store = storeAt(options);
  await untilReady(store);
  return store;
}

export async function untilReady(store: RedisStore): Promise<void> {
  await until("the store is connected", () => store.isReady() || undefined);
}

/** When nothing is on its way to Redis any more, what is given back of refused requests included. */
export async function untilIdle(store: RedisStore): Promise<void> {
  await until("nothing is on its way", () => {
    const { queued, callsInFlight } = store.figures();
    return queued === 0 && callsInFlight === 0 ? true : undefined;
  });
}

/**
 * What a decision failed with.
 * @throws when it did not fail, or with anything but a StoreFailure
 */
export async function failureOf(decision: unknown): Promise<StoreFailure> {
  try {
    await decision;
  } catch (error) {
    if (error instanceof StoreFailure) return error;
    throw error;
  }
  throw new Error("the decision did not fail");
}
