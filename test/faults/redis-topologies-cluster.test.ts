import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import type { RedisLink } from "../../src/stores/redis/link/redis-link.js";
import { failureOf } from "../support/connected-store.js";
import { aclArgs, urlAs, weirUser } from "../support/redis-acl.js";
import { type ClusterNode, FAILOVER_MILLIS, type RedisCluster, startCluster } from "../support/redis-cluster.js";
import { count, openLink, readyLink, untilCounted, untilReady } from "../support/redis-link.js";
import { until } from "../support/until.js";

const USER = weirUser();
// The tests wait for failovers.
vi.setConfig({ testTimeout: 3 * FAILOVER_MILLIS, hookTimeout: 3 * FAILOVER_MILLIS });
/** What a machine that stalls may make of "at once"; who waits for a silent node takes longer (1 s). */
const SLACK_MILLIS = 600;

let cluster: RedisCluster;
let link: RedisLink;

beforeAll(async () => {
  cluster = await startCluster({ password: "admin", args: aclArgs(USER) });
});

afterAll(() => cluster.stop());

afterEach(() => link.close());

/** Opens a link that is told of one node only. */
function linkByOneNode(): Promise<RedisLink> {
  return readyLink({ topology: "cluster", url: urlAs(USER, cluster.nodes[0]!.url) });
}

/** Keys of these, one for each of the masters at the start. */
async function keyOfEach(name: string): Promise<string[]> {
  const keys = new Map<ClusterNode, string>();
  for (let tag = 0; keys.size < 3; tag++) keys.set(await cluster.masterOf(`weir:{${tag}}`), `weir:{${tag}}${name}`);
  return [...keys.values()];
}

async function anotherMaster(than: ClusterNode, key: string): Promise<ClusterNode> {
  const keys = await keyOfEach("x");
  const masters = await Promise.all(keys.map((each) => cluster.masterOf(each)));
  const other = masters.find((master) => master !== than);
  if (other === undefined) throw new Error(`no other master than that of ${key}`);
  return other;
}

describe("a Cluster", () => {
  it("is found by one node and used as the least user: each slot at its master, replicas know the script", async () => {
    link = await linkByOneNode();
    for (const key of await keyOfEach("a")) {
      expect(await count(link, key)).toBe(1);
      expect(await (await cluster.masterOf(key)).command("GET", key)).toBe("1");
    }
    for (const node of cluster.nodes) {
      expect(await node.command("ACL", "LOG")).toEqual([]);
      await until("the script is loaded", async () => {
        const stats = (await node.command("INFO", "memory")) as string;
        return /number_of_cached_scripts:1\r/.test(stats) || undefined;
      });
    }
  });

  it("may be found by a node that does not run, as long as another of the URL does", async () => {
    link = openLink({
      topology: "cluster",
      url: urlAs(USER, `redis://127.0.0.1:1,127.0.0.1:${cluster.nodes[4]!.port}`),
    });
    await untilReady(link);
    for (const key of await keyOfEach("b")) expect(await count(link, key)).toBe(1);
  });

  it("is followed while a slot moves: ASK on the way, TRYAGAIN for keys apart, MOVED after", async () => {
    link = await linkByOneNode();
    const [key = ""] = await keyOfEach("c");
    const other = `${key}2`;
    await count(link, key);
    await count(link, other);
    const slot = await cluster.slotOf(key);
    const from = await cluster.masterOf(key);
    const move = await cluster.beginMove(slot, await anotherMaster(from, key));
    await move.moveKeys(key);
    await move.to.command("SCRIPT", "FLUSH");
    expect(await count(link, key)).toBe(2);
    expect(await count(link, key)).toBe(3);
    const began = performance.now();
    const failure = await failureOf(count(link, key, other));
    expect(failure.kind).toBe("error");
    expect(failure.message).toMatch(/^TRYAGAIN /);
    expect(performance.now() - began).toBeLessThan(SLACK_MILLIS);
    await move.finish();
    expect(await count(link, key, other)).toBe(4);
    expect(await move.to.command("GET", other)).toBe("4");
    await cluster.move(slot, from);
    expect(await count(link, key)).toBe(5);
  });

  it("fails what belongs to a killed node at once and nothing else, until its replica has taken over", async () => {
    link = await linkByOneNode();
    const [key = "", ...others] = await keyOfEach("d");
    const lost = await cluster.masterOf(key);
    await Promise.all([key, ...others].map((each) => count(link, each)));
    await lost.kill();
    const failure = await failureOf(count(link, key));
    expect(failure.kind).toBe("unavailable");
    expect(failure.message).toContain(`no connection to Redis at 127.0.0.1:${lost.port}: `);
    const began = performance.now();
    await failureOf(count(link, key));
    expect(performance.now() - began).toBeLessThan(SLACK_MILLIS);
    for (const each of others) expect(await count(link, each)).toBe(2);
    expect(link.isReady()).toBe(true);
    const failures = await untilCounted(link, key, FAILOVER_MILLIS);
    expect(failures.filter((words) => !/^unavailable: |^error: CLUSTERDOWN /.test(words))).toEqual([]);
    const master = await cluster.untilFailover(key, lost);
    expect(Number(await master.command("GET", key))).toBeGreaterThan(0);
    await lost.start();
    await cluster.untilWhole();
    expect(await count(link, key)).toBeGreaterThan(1);
  });

  it("is followed when a frozen master loses its place, also when that one comes back", async () => {
    link = await linkByOneNode();
    const [key = ""] = await keyOfEach("e");
    await count(link, key);
    const frozen = await cluster.masterOf(key);
    frozen.freeze();
    try {
      const failure = await failureOf(count(link, key));
      expect(failure.kind).toBe("unavailable");
      await untilCounted(link, key, FAILOVER_MILLIS);
    } finally {
      frozen.thaw();
    }
    await cluster.untilFailover(key, frozen);
    const before = await count(link, key);
    expect(await count(link, key)).toBe(before + 1);
  });

  it("is followed through a failover that an operator wants, without a call that counts twice", async () => {
    link = await linkByOneNode();
    const [key = ""] = await keyOfEach("f");
    let [calls, unsure, isOver] = [0, 0, false];
    const traffic = (async () => {
      while (!isOver) {
        await count(link, key).then(
          () => calls++,
          () => unsure++,
        );
        // Calls that fail at once would leave no time to anything else.
        await new Promise(setImmediate);
      }
    })();
    let master: ClusterNode;
    try {
      master = await cluster.failover(await cluster.masterOf(key));
    } finally {
      isOver = true;
      await traffic;
    }
    const counted = await count(link, key);
    expect(counted).toBeGreaterThan(calls);
    expect(counted).toBeLessThanOrEqual(calls + unsure + 1);
    expect(await master.command("GET", key)).toBe(String(counted));
  });
});
