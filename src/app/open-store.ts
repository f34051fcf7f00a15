import type { BusinessEvents } from "../observe/business-events.js";
import type { Metrics } from "../observe/metrics.js";
import { redisLinkOptions } from "../settings/redis-link-options.js";
import type { Settings } from "../settings.js";
import { MemorySharedText } from "../stores/memory/memory-shared-text.js";
import { MemoryStore } from "../stores/memory/memory-store.js";
import { openRedisLink } from "../stores/redis/link/open-redis-link.js";
import type { RedisLink } from "../stores/redis/link/redis-link.js";
import { BATCH_SCRIPT } from "../stores/redis/lua-script.js";
import { RedisSharedText } from "../stores/redis/redis-shared-text.js";
import { RedisStore, type RedisStoreOptions } from "../stores/redis/redis-store.js";
import type { SharedText } from "../stores/shared-text.js";
import type { InspectableStore, Store } from "../stores/store.js";

/** Behind the prefix of users' keys, so that an ACL which allows those allows these. */
const WARM_UP_PREFIX = "warm-up";

/** So that no key of the warm-up outlives it for long. */
const WARM_UP_LAPSE_MICROS = 1_000_000;

/** The store, and what else is shared by all who use it. */
export interface OpenedStore {
  readonly store: InspectableStore;
  /** What operators decide while Weir runs. */
  readonly sharedText: SharedText;
  /** Whether the store is not asked because it fails. */
  readonly isBreakerOpen: () => boolean;
  /** The same store once more, with buckets and figures apart from users'; undefined for the memory store. */
  readonly openWarmUpStore?: () => Store;
}

/**
 * The store as the settings say. Redis need not be there yet.
 * @throws StartError (2) a file that a setting names cannot be used
 */
export function openStore(settings: Settings, metrics: Metrics, events: BusinessEvents): OpenedStore {
  if (settings.store === "memory") {
    const store = watched(openMemoryStore(settings), metrics);
    return { store, sharedText: new MemorySharedText(), isBreakerOpen: () => false };
  }
  const link = openRedisLink({
    ...redisLinkOptions(settings),
    scripts: [BATCH_SCRIPT],
    onWarning: (message) => events.storeWarning(message),
  });
  const options = redisStoreOptions(settings);
  const store = new RedisStore(link, options);
  metrics.watchRedisStore(() => store.figures());
  const sharedText = new RedisSharedText(link, settings.redisKeyPrefix, "controls");
  const openWarmUpStore = (): Store => {
    const keyPrefix = `${settings.redisKeyPrefix}${WARM_UP_PREFIX}`;
    return new RedisStore(keptOpen(link), { ...options, keyPrefix, pendingLapseMicros: WARM_UP_LAPSE_MICROS });
  };
  return { store, sharedText, isBreakerOpen: () => store.figures().lanesBroken > 0, openWarmUpStore };
}

function redisStoreOptions(settings: Settings): RedisStoreOptions {
  return {
    keyPrefix: settings.redisKeyPrefix,
    pendingLapseMicros: pendingLapseMicros(settings),
    hashTags: settings.redisTopology === "cluster" ? settings.redisClusterTags : 0,
    denyCacheSize: settings.denyCacheSize,
    maxQueued: settings.redisMaxQueued,
    probeTimeoutMillis: settings.storeTimeoutMillis,
  };
}

/** The link for a store that ends before it does. */
function keptOpen(link: RedisLink): RedisLink {
  const { where } = link;
  const run: RedisLink["run"] = (script, keys, args) => link.run(script, keys, args);
  return {
    where,
    run,
    isReady: () => link.isReady(),
    whyNotReady: () => link.whyNotReady(),
    close: () => Promise.resolve(),
  };
}

/** What decides under `local` while the store fails (D13); undefined where that is not set. */
export function openLocalStore(settings: Settings, metrics: Metrics): MemoryStore | undefined {
  if (settings.onStoreFailure !== "local") return undefined;
  const store = openMemoryStore(settings);
  // Where the store itself is in memory, the figures are those of that one.
  return settings.store === "memory" ? store : watched(store, metrics);
}

function openMemoryStore(settings: Settings): MemoryStore {
  return new MemoryStore({
    maxBuckets: settings.memoryMaxBuckets,
    pendingLapseMicros: pendingLapseMicros(settings),
  });
}

function pendingLapseMicros({ pendingLapseMillis }: Settings): number {
  return Math.round(pendingLapseMillis * 1000);
}

function watched(store: MemoryStore, metrics: Metrics): MemoryStore {
  metrics.watchMemoryStore(() => ({ buckets: store.size, evictions: store.evictions }));
  return store;
}
