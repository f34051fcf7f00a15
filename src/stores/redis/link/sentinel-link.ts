import type { LuaScript } from "../lua-script.js";
import { askSentinels, isSamePlace } from "./ask-sentinels.js";
import { Credentials } from "./credentials.js";
import type { RedisLinkOptions } from "./link-options.js";
import { type LinkParts, linkParts, targetOf } from "./link-parts.js";
import { describeAddress, describeHost, type HostPort } from "./redis-address.js";
import type { RedisLink } from "./redis-link.js";
import { RedisNode } from "./redis-node.js";
import { whyNoMaster } from "./server-facts.js";

const SENTINEL_PORT = 26_379;

/** How often the Sentinels are asked whether the master is another one. */
const WATCH_MILLIS = 250;

/**
 * The way to the master that Sentinels name. They are asked for every connection, and often while there is one:
 * an old master that was cut off, or that comes back, is left as soon as they name another.
 */
export class SentinelLink implements RedisLink {
  readonly where: string;
  readonly #name: string;
  readonly #credentials: readonly Credentials[];
  readonly #sentinels: readonly RedisNode[];
  readonly #master: RedisNode;
  readonly #timer: NodeJS.Timeout;
  /** Where the connection goes, or is about to. */
  #place: HostPort | undefined;

  /** @throws TypeError for a URL or a file that cannot be used */
  constructor(options: RedisLinkOptions) {
    const parts = linkParts(options, SENTINEL_PORT);
    this.#name = options.sentinelMaster ?? "";
    this.where = `the master ${this.#name} of Sentinel at ${describeAddress(parts.address)}`;
    const credentials = new Credentials({
      user: options.sentinelUser,
      password: options.sentinelPassword,
      passwordFile: options.sentinelPasswordFile,
      onWarning: (words) => parts.onWarning(`Redis Sentinel: ${words}`),
    });
    this.#credentials = [parts.credentials, credentials];
    this.#sentinels = parts.address.hosts.map((host) => openSentinel(host, parts, credentials));
    this.#master = new RedisNode({
      where: this.where,
      locate: async () => {
        this.#place = await askSentinels(this.#sentinels, this.#name);
        return parts.endpoint(targetOf(this.#place));
      },
      timeouts: parts.timeouts,
      scripts: options.scripts,
      refuse: whyNoMaster,
      onWarning: parts.onWarning,
    });
    parts.credentials.onChange((login) => void this.#master.logIn(login));
    this.#timer = setInterval(() => void this.#watch(), WATCH_MILLIS).unref();
  }

  isReady(): boolean {
    return this.#master.isReady;
  }

  whyNotReady(): string {
    return this.#master.unavailable().message;
  }

  run(script: LuaScript, keys: readonly string[], args: readonly (string | number | Buffer)[]): Promise<unknown> {
    return this.#master.run(script, keys, args);
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    for (const credentials of this.#credentials) credentials.close();
    await Promise.all([this.#master, ...this.#sentinels].map((node) => node.close()));
  }

  async #watch(): Promise<void> {
    let named: HostPort;
    try {
      named = await askSentinels(this.#sentinels, this.#name);
    } catch {
      // As long as they say nothing, the master stays.
      return;
    }
    if (this.#place === undefined || isSamePlace(this.#place, named)) return;
    this.#place = named;
    this.#master.reconnect(`the master is another one now, at ${describeHost(named)}`);
  }
}

function openSentinel(host: HostPort, parts: LinkParts, credentials: Credentials): RedisNode {
  const node = new RedisNode({
    where: `Sentinel ${describeHost(host)}`,
    locate: () => parts.endpoint(targetOf(host), credentials),
    timeouts: parts.timeouts,
    scripts: [],
    onWarning: parts.onWarning,
  });
  credentials.onChange((login) => void node.logIn(login));
  return node;
}
