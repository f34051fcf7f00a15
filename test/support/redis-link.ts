import { createHash } from "node:crypto";
import type { RedisLinkOptions } from "../../src/stores/redis/link/link-options.js";
import { openRedisLink } from "../../src/stores/redis/link/open-redis-link.js";
import type { RedisLink } from "../../src/stores/redis/link/redis-link.js";
import { StoreFailure } from "../../src/stores/store.js";
import { until } from "./until.js";

/** Adds to a number of its own and replies with it, what it was told, and Redis' time: the least a test needs. */
const SOURCE = `
local value = tonumber(redis.call("GET", KEYS[1]) or "0") + 1
for _, key in ipairs(KEYS) do redis.call("SET", key, value) end
return { value, ARGV[1] }`;

export const COUNT_SCRIPT = { source: SOURCE, sha: createHash("sha1").update(SOURCE).digest("hex") };

/** Opens a link with the script that `count` runs. */
export function openLink(options: Omit<RedisLinkOptions, "scripts">): RedisLink {
  return openRedisLink({ scripts: [COUNT_SCRIPT], ...options });
}

/** Opens a link and waits until it is ready. */
export async function readyLink(options: Omit<RedisLinkOptions, "scripts">): Promise<RedisLink> {
  const link = openLink(options);
  try {
    await untilReady(link);
    return link;
  } catch (error) {
    await link.close();
    throw error;
  }
}

export async function untilReady(link: RedisLink): Promise<void> {
  await until("the link is ready", () => link.isReady() || undefined);
}

/** Adds one to what the key holds, and gives it. With more keys these are set to the same. */
export async function count(link: RedisLink, ...keys: readonly string[]): Promise<number> {
  const reply = (await link.run(COUNT_SCRIPT, keys, ["x"])) as [number];
  return reply[0];
}

/** Counts until it goes well, for no longer than `timeoutMillis`. Gives how often it failed, and with what kinds. */
export async function untilCounted(link: RedisLink, key: string, timeoutMillis = 10_000): Promise<string[]> {
  const kinds: string[] = [];
  await until(
    `${key} can be counted`,
    () =>
      count(link, key).catch((error: unknown) => {
        if (!(error instanceof StoreFailure)) throw error;
        kinds.push(`${error.kind}: ${error.message}`);
        return undefined;
      }),
    timeoutMillis,
  );
  return kinds;
}
