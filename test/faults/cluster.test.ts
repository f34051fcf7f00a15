import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { FaultRun } from "../support/faults/fault-run.js";
import { startFaultWeir, USER } from "../support/faults/fault-weir.js";
import { countOf, expectSound } from "../support/faults/soundness.js";
import { bucketValue, mixedWithPairsOf } from "../support/faults/traffic.js";
import { aclArgs } from "../support/redis-acl.js";
import { type ClusterNode, FAILOVER_MILLIS, type RedisCluster, startCluster } from "../support/redis-cluster.js";
import type { WeirProcess } from "../support/weir-process.js";

// The tests wait for failovers.
vi.setConfig({ testTimeout: 2 * FAILOVER_MILLIS, hookTimeout: 2 * FAILOVER_MILLIS });

let cluster: RedisCluster;
let weir: WeirProcess;
/** How long that one waits for every answer, so that nothing fails but what the Cluster fails. */
const PATIENT_MILLIS = 4_000;
let patientWeir: WeirProcess;

beforeAll(async () => {
  cluster = await startCluster({ args: aclArgs(USER) });
  const settings = { WEIR_REDIS_TOPOLOGY: "cluster" };
  weir = await startFaultWeir(cluster.url, settings);
  patientWeir = await startFaultWeir(cluster.url, { ...settings, WEIR_STORE_TIMEOUT: `${PATIENT_MILLIS}ms` });
});

afterAll(async () => {
  await weir?.stop();
  await patientWeir?.stop();
  await cluster?.stop();
});

/** A key in Redis whose name has these words, and its master. */
async function findKey(words: string): Promise<{ readonly key: string; readonly master: ClusterNode }> {
  for (const master of cluster.nodes.slice(0, 3)) {
    const keys = (await master.command("KEYS", `*${words}*`)) as string[];
    if (keys[0] !== undefined) return { key: keys[0], master };
  }
  throw new Error(`no key with ${words}`);
}

describe("a Cluster", () => {
  it("takes or gives back as a whole what a request asks of several slots", async (context) => {
    const fault = "Cluster: requests over slots";
    const run = await FaultRun.start({ fault, weirs: [patientWeir], offers: mixedWithPairsOf(fault) });
    await run.fault({ inject: () => {}, lasts: 1_000 });
    const report = await run.finish();
    expectSound(report, context, { deadlineMillis: PATIENT_MILLIS });
    expect(countOf(report, "failed")).toBe(0);
    // What one part refused, the other has given back: exactly the three of each small bucket are gone.
    const shared = report.buckets.find(({ bucket }) => bucket.key === "large" && bucket.value.endsWith("-pairs"))!;
    const small = report.buckets.filter(({ bucket }) => bucket.key === "each" && bucket.value.includes("-pairs-"));
    expect(small.map(({ admitted, remaining }) => [admitted, remaining])).toEqual(small.map(() => [3, 0]));
    expect(shared.remaining).toBe(100_000 - 3 * small.length);
  });

  it("has the keys of a slot counted exactly while it moves", async (context) => {
    const fault = "Cluster: slots moved";
    const run = await FaultRun.start({ fault, weirs: [patientWeir], offers: mixedWithPairsOf(fault) });
    const { key, master } = await findKey(`${bucketValue(fault)}-pairs`);
    const slot = await cluster.slotOf(key);
    const other = cluster.nodes.slice(0, 3).find((node) => node !== master)!;
    const move = async (to: ClusterNode): Promise<void> => {
      const moving = await cluster.beginMove(slot, to);
      await pause(300);
      await moving.moveKeys(key);
      await pause(300);
      await moving.finish();
    };
    await run.fault({
      inject: () => {},
      lasts: async () => {
        await move(other);
        await pause(200);
        await move(master);
      },
    });
    const report = await run.finish();
    expectSound(report, context, { deadlineMillis: PATIENT_MILLIS });
    expect(countOf(report, "failed")).toBe(0);
  });

  it("goes on with a replica when a node is killed, and the other nodes are not held up", async (context) => {
    const fault = "Cluster: node killed";
    const run = await FaultRun.start({ fault, weirs: [weir], offers: mixedWithPairsOf(fault) });
    const { key, master } = await findKey(`${bucketValue(fault)}-pairs`);
    await run.fault({ inject: () => master.kill(), lasts: () => cluster.untilFailover(key, master) });
    const report = await run.finish();
    // Of a request over two nodes one may have taken what nobody could give back.
    expectSound(report, context, { mayLoseWrites: true, mayOvercharge: true });
    // A third of the slots, and the requests that need one of them.
    expect(report.failedShare).toBeGreaterThan(0.1);
    expect(report.failedShare).toBeLessThan(0.9);
  });
});
