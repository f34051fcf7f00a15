import { RedisStore, type RedisStoreOptions } from "../../src/stores/redis/redis-store.js";
import { StoreFailure } from "../../src/stores/store.js";
import { until } from "./until.js";

/** A store that has found its Redis. */
export async function connectedStore(options: RedisStoreOptions): Promise<RedisStore> {
  const store = new RedisStore(options);
  await untilReady(store);
  return store;
}

export async function untilReady(store: RedisStore): Promise<void> {
  await until("the store is connected", () => store.isReady() || undefined);
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
