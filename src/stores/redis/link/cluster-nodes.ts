import { type ClusterLayout, readClusterSlots, SLOTS } from "./cluster-slots.js";
import { describeHost, type HostPort } from "./redis-address.js";
import type { RedisNode } from "./redis-node.js";

/** A node of the Cluster and the way to it. */
export interface ClusterNode {
  readonly place: HostPort;
  readonly node: RedisNode;
}

/** How often the nodes are asked who serves what while all is well. */
const REFRESH_MILLIS = 5_000;
/** And while a master that serves slots cannot be reached, or right after a node said that a slot is elsewhere. */
const HURRIED_REFRESH_MILLIS = 100;
/** How long a node may take to say who serves what, before another one is asked. */
const ANSWER_MILLIS = 300;

/**
 * The nodes of a Cluster, all connected, and which of them serves each slot: asked for again and again, and soon when
 * something has changed.
 */
export class ClusterNodes {
  readonly #seeds: readonly HostPort[];
  readonly #open: (place: HostPort, onChange: () => void) => RedisNode;
  readonly #nodes = new Map<string, ClusterNode>();
  /** The master's key in #nodes, by slot. */
  #owners: (string | undefined)[] = [];
  /** All that are in #owners. */
  #masterKeys: ReadonlySet<string> = new Set();
  #timer: NodeJS.Timeout | undefined;
  #isRefreshing = false;
  #isHurried = false;
  #isClosed = false;

  /**
   * @param seeds where to look first
   * @param open makes the way to a node; `onChange` is to hear when it is there or lost
   */
  constructor(seeds: readonly HostPort[], open: (place: HostPort, onChange: () => void) => RedisNode) {
    this.#seeds = seeds;
    this.#open = open;
    for (const seed of seeds) this.at(seed);
  }

  /** Whether it is known who serves what, some can be reached, and the others have been tried. */
  get isReady(): boolean {
    const masters = this.#masters();
    return masters.some(({ node }) => node.isReady) && masters.every(({ node }) => node.wasTried);
  }

  /** Of a node that cannot be reached: masters first. Undefined where all can be. */
  get whyNotReady(): string | undefined {
    const lost = [...this.#masters(), ...this.#nodes.values()].find(({ node }) => !node.isReady);
    return lost?.node.unavailable().message;
  }

  /** Who serves a slot, as far as is known. */
  ownerOf(slot: number): ClusterNode | undefined {
    const key = this.#owners[slot];
    return key === undefined ? undefined : this.#nodes.get(key);
  }

  /** The node at a place; one that is not known yet is connected from now on. */
  at(place: HostPort): ClusterNode {
    const key = describeHost(place);
    const known = this.#nodes.get(key);
    if (known !== undefined) return known;
    const added = { place, node: this.#open(place, () => this.#nodeChanged()) };
    this.#nodes.set(key, added);
    return added;
  }

  /** A node said where a slot is now. */
  moved(slot: number, to: HostPort): ClusterNode {
    const owner = this.at(to);
    this.#owners[slot] = describeHost(to);
    this.#masterKeys = new Set([...this.#masterKeys, describeHost(to)]);
    this.refreshSoon();
    return owner;
  }

  /** Asks who serves what, at once if that was not just done. */
  refreshSoon(): void {
    if (this.#isHurried) return;
    this.#isHurried = true;
    if (!this.#isRefreshing) this.#schedule(0);
  }

  logIn(login: Parameters<RedisNode["logIn"]>[0]): void {
    for (const { node } of this.#nodes.values()) void node.logIn(login);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    await Promise.all([...this.#nodes.values()].map(({ node }) => node.close()));
  }

  #masters(): ClusterNode[] {
    return [...this.#masterKeys].flatMap((key) => this.#nodes.get(key) ?? []);
  }

  /** Whether all masters that are known are connected. */
  #isWell(): boolean {
    return this.#masterKeys.size > 0 && this.#masters().every(({ node }) => node.isReady);
  }

  #nodeChanged(): void {
    if (!this.#isWell()) this.refreshSoon();
  }

  #schedule(millis: number): void {
    clearTimeout(this.#timer);
    if (!this.#isClosed) this.#timer = setTimeout(() => void this.#refresh(), millis).unref();
  }

  async #refresh(): Promise<void> {
    this.#isRefreshing = true;
    this.#isHurried = false;
    const layout = await this.#askAround();
    this.#isRefreshing = false;
    if (this.#isClosed) return;
    if (layout !== undefined) this.#adopt(layout);
    // Nobody that is known can be reached: perhaps those can that are always there.
    else for (const seed of this.#seeds) this.at(seed);
    const isWell = this.#isWell();
    this.#schedule(isWell && !this.#isHurried ? REFRESH_MILLIS : HURRIED_REFRESH_MILLIS);
    // Until then nothing needs to ask for it.
    this.#isHurried ||= !isWell;
  }

  /** What the first node says that answers, in no certain order. */
  async #askAround(): Promise<ClusterLayout | undefined> {
    const ready = [...this.#nodes.values()].filter(({ node }) => node.isReady);
    for (const { place, node } of ready.sort(() => Math.random() - 0.5)) {
      const reply = await answerOf(node);
      const layout = readClusterSlots(reply, place);
      if (layout !== undefined && layout.ranges.length > 0) return layout;
    }
    return undefined;
  }

  #adopt({ ranges, nodes }: ClusterLayout): void {
    const owners = new Array<string | undefined>(SLOTS);
    for (const { first, last, master } of ranges) owners.fill(describeHost(master), first, last + 1);
    this.#owners = owners;
    this.#masterKeys = new Set(ranges.map(({ master }) => describeHost(master)));
    for (const place of nodes) this.at(place);
    this.#forget(new Set(nodes.map(describeHost)));
  }

  /** Lets go of nodes that have left the Cluster, while others can be reached. */
  #forget(members: ReadonlySet<string>): void {
    if (![...members].some((key) => this.#nodes.get(key)?.node.isReady)) return;
    for (const [key, { node }] of this.#nodes) {
      if (members.has(key)) continue;
      this.#nodes.delete(key);
      void node.close();
    }
  }
}

/** What a node replies to CLUSTER SLOTS; undefined when it does not reply in time. */
function answerOf(node: RedisNode): Promise<unknown> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(undefined), ANSWER_MILLIS);
    const settle = (reply: unknown): void => {
      clearTimeout(timer);
      resolve(reply);
    };
    node.command("CLUSTER", ["SLOTS"]).then(settle, () => settle(undefined));
  });
}
