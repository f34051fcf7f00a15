import { ClusterLink } from "./cluster-link.js";
import type { RedisLinkOptions } from "./link-options.js";
import type { RedisLink } from "./redis-link.js";
import { SentinelLink } from "./sentinel-link.js";
import { openSingleLink } from "./single-link.js";

/**
 * Opens the way to Redis, whatever its topology. It is made in the background: Redis need not be there.
 * @throws TypeError for a URL or a file that cannot be used, in words without secrets
 */
export function openRedisLink(options: RedisLinkOptions): RedisLink {
  switch (options.topology ?? "single") {
    case "single":
      return openSingleLink(options);
    case "sentinel":
      return new SentinelLink(options);
    case "cluster":
      return new ClusterLink(options);
  }
}
