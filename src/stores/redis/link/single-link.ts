import type { LuaScript } from "../lua-script.js";
import type { RedisLinkOptions } from "./link-options.js";
import { linkParts, targetOf } from "./link-parts.js";
import { describeAddress } from "./redis-address.js";
import type { RedisLink } from "./redis-link.js";
import { RedisNode } from "./redis-node.js";
import { whyNoMaster } from "./server-facts.js";

/**
 * The way to one server.
 * @throws TypeError for a URL or a file that cannot be used
 */
export function openSingleLink(options: RedisLinkOptions): RedisLink {
  const parts = linkParts(options);
  const { address, credentials } = parts;
  const [host] = address.hosts;
  const target = host === undefined ? { path: address.path as string } : targetOf(host);
  const where = describeAddress(address);
  const node = new RedisNode({
    where,
    locate: () => parts.endpoint(target),
    timeouts: parts.timeouts,
    scripts: options.scripts,
    refuse: whyNoMaster,
    onWarning: parts.onWarning,
  });
  credentials.onChange((login) => void node.logIn(login));
  return {
    where,
    isReady: () => node.isReady,
    whyNotReady: () => node.unavailable().message,
    run: (script: LuaScript, keys, args) => node.run(script, keys, args),
    close: () => {
      credentials.close();
      return node.close();
    },
  };
}
