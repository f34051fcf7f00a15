import slotOf from "cluster-key-slot";
import { StoreFailure } from "../../store.js";
import type { LuaScript } from "../lua-script.js";
import { type ClusterNode, ClusterNodes } from "./cluster-nodes.js";
import { readRedirection } from "./cluster-slots.js";
import type { RedisLinkOptions } from "./link-options.js";
import { type LinkParts, linkParts, targetOf } from "./link-parts.js";
import { describeAddress, describeHost } from "./redis-address.js";
import type { RedisLink } from "./redis-link.js";
import { RedisNode } from "./redis-node.js";
import { whyNoNode } from "./server-facts.js";

/** How often one call follows MOVED and ASK: a node that says so has run nothing. */
const MAX_REDIRECTIONS = 3;

/**
 * The way to a Cluster: a connection to each of its nodes. A call goes to the node that serves its slot. ioredis has a
 * client for Clusters, but that one sends calls again after TRYAGAIN, CLUSTERDOWN and to nodes picked by chance.
 */
export class ClusterLink implements RedisLink {
  readonly where: string;
  readonly #parts: LinkParts;
  readonly #nodes: ClusterNodes;

  /** @throws TypeError for a URL or a file that cannot be used */
  constructor(options: RedisLinkOptions) {
    const parts = linkParts(options);
    this.#parts = parts;
    this.where = `the Cluster of ${describeAddress(parts.address)}`;
    const open = (place: ClusterNode["place"], onChange: () => void): RedisNode =>
      new RedisNode({
        where: describeHost(place),
        locate: () => parts.endpoint(targetOf(place)),
        timeouts: parts.timeouts,
        scripts: options.scripts,
        refuse: whyNoNode,
        onWarning: parts.onWarning,
        onChange,
      });
    this.#nodes = new ClusterNodes(parts.address.hosts, open);
    parts.credentials.onChange((login) => this.#nodes.logIn(login));
  }

  isReady(): boolean {
    return this.#nodes.isReady;
  }

  whyNotReady(): string {
    return this.#nodes.whyNotReady ?? `it is not known yet who serves what in ${this.where}`;
  }

  async run(script: LuaScript, keys: readonly string[], args: readonly (string | number | Buffer)[]): Promise<unknown> {
    let next = this.#nodes.ownerOf(slotOf(keys[0] ?? ""));
    let isAsking = false;
    for (let redirections = 0; ; redirections++) {
      if (next === undefined) throw this.#nobody();
      try {
        return await next.node.run(script, keys, args, isAsking);
      } catch (error) {
        if (!(error instanceof StoreFailure)) throw error;
        const redirection = error.kind === "error" ? readRedirection(error.message, next.place) : undefined;
        if (redirection === undefined || redirections === MAX_REDIRECTIONS) throw this.#noted(error);
        isAsking = redirection.kind === "ASK";
        next = isAsking ? this.#nodes.at(redirection.to) : this.#nodes.moved(redirection.slot, redirection.to);
      }
    }
  }

  close(): Promise<void> {
    this.#parts.credentials.close();
    return this.#nodes.close();
  }

  #nobody(): StoreFailure {
    this.#nodes.refreshSoon();
    const words = `no node is known that serves the slot in ${this.where}`;
    return new StoreFailure("unavailable", words);
  }

  /** What failed may have changed hands. */
  #noted(failure: StoreFailure): StoreFailure {
    if (failure.kind === "unavailable" || failure.message.startsWith("CLUSTERDOWN")) this.#nodes.refreshSoon();
    return failure;
  }
}
