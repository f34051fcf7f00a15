import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "./free-port.js";
import { type RedisServer, startRedis } from "./redis-server.js";
import { until } from "./until.js";

/** One node. Kill, freeze and start it as any other server: it keeps its place in the Cluster, and forgets its keys. */
export interface ClusterNode extends RedisServer {
  /** Its name in the Cluster. */
  readonly id: string;
}

/** A real Cluster of three masters, each with one replica. */
export interface RedisCluster {
  /** All nodes, as `WEIR_REDIS_URL` names them. */
  readonly url: string;
  /** The first three are the masters at the start, with a third of the slots each; their replicas follow in order. */
  readonly nodes: readonly ClusterNode[];
  /** The master that serves the slot of this key now, as the nodes that run see it. */
  masterOf(key: string): Promise<ClusterNode>;
  /** The replicas of a node, as the nodes that run see it. */
  replicasOf(master: ClusterNode): Promise<ClusterNode[]>;
  slotOf(key: string): Promise<number>;
  /** Waits until another node than this one serves the key's slot, and all nodes that run agree that all is well. */
  untilFailover(key: string, from: ClusterNode): Promise<ClusterNode>;
  /** Waits until all nodes that run say that the Cluster is whole. */
  untilWhole(): Promise<void>;
  /** A failover without a fault: a replica takes over from its master. Gives it. */
  failover(master: ClusterNode): Promise<ClusterNode>;
  /** Begins to move a slot, and leaves it half moved until `finish`. */
  beginMove(slot: number, to: ClusterNode): Promise<SlotMove>;
  /** Moves a slot with its keys. */
  move(slot: number, to: ClusterNode): Promise<void>;
  stop(): Promise<void>;
}

/**
 * A slot on its way. While it lasts, the old master answers ASK for keys that it does not have (or has no more), and
 * TRYAGAIN when some keys of a call are here and some there. After `finish` the old master answers MOVED.
 */
export interface SlotMove {
  readonly slot: number;
  readonly from: ClusterNode;
  readonly to: ClusterNode;
  /** MIGRATEs these keys, or all that the slot has. */
  moveKeys(...keys: readonly string[]): Promise<void>;
  /** Moves the keys that are left, and tells all masters whose the slot is now. */
  finish(): Promise<void>;
  /** Gives the slot back to its old master, who must not have lost keys to the move. */
  abandon(): Promise<void>;
}

export interface RedisClusterOptions {
  /** More arguments for each node, such as `aclArgs` gives. Each is a word. */
  readonly args?: readonly string[];
  /** Of the default user, who then also replicates with it. Default: none. */
  readonly password?: string;
  /** After so long without an answer a node counts as failed. Default 800: a machine may stall for 300. */
  readonly nodeTimeoutMillis?: number;
  /** `no`: slots of nodes that run are served though others are lost. Default `no`. */
  readonly requireFullCoverage?: "yes" | "no";
}

const MASTERS = 3;
const SLOTS = 16_384;

const ASK_AGAIN_MILLIS = 3_000;

/** How long a failover may take on a machine that is busy with other things: an election that fails is held again. */
export const FAILOVER_MILLIS = 60_000;

interface Place {
  readonly id: string;
  readonly port: number;
  readonly busPort: number;
}

/**
 * Starts six nodes that know one another from the start: each gets the file that it would have written itself.
 * Takes 2 to 3 s, since a master that starts waits for 2 s before it takes commands.
 */
export async function startCluster(options: RedisClusterOptions = {}): Promise<RedisCluster> {
  const folder = await mkdtemp(join(tmpdir(), "weir-cluster-"));
  const places: Place[] = [];
  for (let i = 0; i < 2 * MASTERS; i++) {
    const [port, busPort] = [await freePort(), await freePort()];
    places.push({ id: randomBytes(20).toString("hex"), port, busPort });
  }
  const started = await Promise.allSettled(places.map((place) => startNode(place, places, folder, options)));
  const nodes = started.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
  const cluster = new RunningCluster(nodes, folder, options.password);
  try {
    for (const result of started) if (result.status === "rejected") throw result.reason;
    await cluster.untilWhole();
    await cluster.untilReplicated();
    return cluster;
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}

async function startNode(
  place: Place,
  places: readonly Place[],
  folder: string,
  { args = [], password, nodeTimeoutMillis = 800, requireFullCoverage = "no" }: RedisClusterOptions,
): Promise<ClusterNode> {
  const file = join(folder, `nodes-${place.port}.conf`);
  await writeFile(file, nodesFile(place, places));
  const login = password === undefined ? [] : ["--requirepass", password, "--masterauth", password];
  const server = await startRedis({
    port: place.port,
    ...(password === undefined ? {} : { password }),
    args: [
      ...["--cluster-enabled", "yes", "--cluster-config-file", file, "--cluster-port", String(place.busPort)],
      ...["--cluster-node-timeout", String(nodeTimeoutMillis), "--cluster-require-full-coverage", requireFullCoverage],
      ...["--cluster-replica-validity-factor", "0", "--repl-diskless-sync-delay", "0"],
      ...login,
      ...args,
    ],
  });
  return { ...server, id: place.id };
}

/** What CLUSTER NODES would say, as this node sees it. */
function nodesFile(self: Place, places: readonly Place[]): string {
  const lines = places.map((place, i) => {
    const flags = `${place === self ? "myself," : ""}${i < MASTERS ? "master" : "slave"}`;
    const master = i < MASTERS ? "-" : places[i - MASTERS]!.id;
    const [first, last] = [Math.ceil((i * SLOTS) / MASTERS), Math.ceil(((i + 1) * SLOTS) / MASTERS) - 1];
    const slots = i < MASTERS ? ` ${first}-${last}` : "";
    const epoch = (i % MASTERS) + 1;
    return `${place.id} 127.0.0.1:${place.port}@${place.busPort} ${flags} ${master} 0 0 ${epoch} connected${slots}`;
  });
  return `${lines.join("\n")}\nvars currentEpoch ${MASTERS} lastVoteEpoch 0\n`;
}

class RunningCluster implements RedisCluster {
  readonly url: string;
  readonly nodes: readonly ClusterNode[];
  readonly #folder: string;
  readonly #password: string | undefined;

  constructor(nodes: readonly ClusterNode[], folder: string, password: string | undefined) {
    this.nodes = nodes;
    this.url = `redis://${nodes.map(({ port }) => `127.0.0.1:${port}`).join(",")}`;
    this.#folder = folder;
    this.#password = password;
  }

  async masterOf(key: string): Promise<ClusterNode> {
    return this.#ownerOf(await this.slotOf(key));
  }

  async slotOf(key: string): Promise<number> {
    return (await this.#anyone().command("CLUSTER", "KEYSLOT", key)) as number;
  }

  async replicasOf(master: ClusterNode): Promise<ClusterNode[]> {
    const lines = (await this.#anyone().command("CLUSTER", "REPLICAS", master.id)) as string[];
    return lines.map((line) => this.#byId(line.split(" ")[0]!));
  }

  untilFailover(key: string, from: ClusterNode): Promise<ClusterNode> {
    const other = async (): Promise<ClusterNode | undefined> => {
      const slot = await this.slotOf(key);
      const owners = await Promise.all(this.#running().map((node) => this.#ownerSeenBy(node, slot)));
      const isAgreed = owners.every((owner) => owner === owners[0] && owner !== undefined && owner !== from);
      return isAgreed && (await this.#isWhole()) ? owners[0] : undefined;
    };
    return until("another node serves the slot", other, FAILOVER_MILLIS);
  }

  async untilWhole(): Promise<void> {
    await until("the Cluster is whole", async () => (await this.#isWhole()) || undefined, FAILOVER_MILLIS);
  }

  /** Waits until each replica has the content of its master. */
  async untilReplicated(): Promise<void> {
    const doAllFollow = async (): Promise<true | undefined> => {
      const roles = (await Promise.all(this.#running().map((node) => node.command("ROLE")))) as unknown[][];
      return roles.every(([role, , , state]) => role === "master" || state === "connected") || undefined;
    };
    await until("the replicas follow", doAllFollow, FAILOVER_MILLIS);
  }

  async failover(master: ClusterNode): Promise<ClusterNode> {
    // One that was a master itself until a moment ago has to be told first.
    const itsReplica = async () => (await this.replicasOf(master)).find((node) => node.isRunning());
    const replica = await until("that master has a replica", itsReplica, FAILOVER_MILLIS);
    await this.untilReplicated();
    let asked = Number.NEGATIVE_INFINITY;
    const hasTakenOver = async (): Promise<true | undefined> => {
      // Masters may refuse their votes so soon after another election: then it has to be asked again.
      if (performance.now() - asked > ASK_AGAIN_MILLIS) {
        await replica.command("CLUSTER", "FAILOVER");
        asked = performance.now();
      }
      const seen = await Promise.all(this.#running().map((node) => this.#nodeLines(node)));
      return seen.every((lines) => lines.some(({ id, slots }) => id === replica.id && slots.length > 0)) || undefined;
    };
    await until("the replica took over", hasTakenOver, FAILOVER_MILLIS);
    return replica;
  }

  async beginMove(slot: number, to: ClusterNode): Promise<SlotMove> {
    const from = await this.#ownerOf(slot);
    if (from === to) throw new Error("the slot is there already");
    await to.command("CLUSTER", "SETSLOT", slot, "IMPORTING", from.id);
    await from.command("CLUSTER", "SETSLOT", slot, "MIGRATING", to.id);
    const moveKeys = async (...keys: readonly string[]): Promise<void> => {
      const moved = keys.length > 0 ? keys : await keysIn(slot, from);
      const login = this.#password === undefined ? [] : ["AUTH", this.#password];
      if (moved.length === 0) return;
      await from.command("MIGRATE", "127.0.0.1", to.port, "", 0, 5_000, ...login, "KEYS", ...moved);
    };
    return {
      slot,
      from,
      to,
      moveKeys,
      finish: async () => {
        for (let left = await keysIn(slot, from); left.length > 0; left = await keysIn(slot, from)) {
          await moveKeys(...left);
        }
        // The new owner first: until the old one knows, it only says ASK.
        await to.command("CLUSTER", "SETSLOT", slot, "NODE", to.id);
        await from.command("CLUSTER", "SETSLOT", slot, "NODE", to.id);
      },
      abandon: async () => {
        await from.command("CLUSTER", "SETSLOT", slot, "STABLE");
        await to.command("CLUSTER", "SETSLOT", slot, "STABLE");
      },
    };
  }

  async move(slot: number, to: ClusterNode): Promise<void> {
    const move = await this.beginMove(slot, to);
    await move.finish();
  }

  async stop(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.stop()));
    await rm(this.#folder, { recursive: true, force: true });
  }

  #running(): ClusterNode[] {
    return this.nodes.filter((node) => node.isRunning());
  }

  #anyone(): ClusterNode {
    const [node] = this.#running();
    if (node === undefined) throw new Error("no node runs");
    return node;
  }

  #byId(id: string): ClusterNode {
    const node = this.nodes.find((each) => each.id === id);
    if (node === undefined) throw new Error(`no node of ours has the id ${id}`);
    return node;
  }

  async #ownerOf(slot: number): Promise<ClusterNode> {
    const owner = await this.#ownerSeenBy(this.#anyone(), slot);
    if (owner === undefined) throw new Error(`nobody serves slot ${slot}`);
    return owner;
  }

  async #ownerSeenBy(node: ClusterNode, slot: number): Promise<ClusterNode | undefined> {
    const lines = await this.#nodeLines(node);
    const line = lines.find(({ slots }) => slots.some(([first, last]) => slot >= first && slot <= last));
    return line === undefined ? undefined : this.#byId(line.id);
  }

  async #nodeLines(node: ClusterNode): Promise<{ id: string; slots: (readonly [number, number])[] }[]> {
    const text = (await node.command("CLUSTER", "NODES")) as string;
    return text
      .trimEnd()
      .split("\n")
      .map((line) => {
        const [id = "", , , , , , , , ...ranges] = line.split(" ");
        const slots = ranges.filter((range) => /^\d/.test(range)).map((range) => range.split("-").map(Number));
        return { id, slots: slots.map(([first = -1, last = first]) => [first, last] as const) };
      });
  }

  async #isWhole(): Promise<boolean> {
    const infos = (await Promise.all(this.#running().map((node) => node.command("CLUSTER", "INFO")))) as string[];
    return infos.every((info) => info.includes("cluster_state:ok") && info.includes(`cluster_slots_ok:${SLOTS}`));
  }
}

async function keysIn(slot: number, node: ClusterNode): Promise<string[]> {
  return (await node.command("CLUSTER", "GETKEYSINSLOT", slot, 1_000)) as string[];
}
