import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { FaultRun } from "../support/faults/fault-run.js";
import { startFaultWeir, USER } from "../support/faults/fault-weir.js";
import type { Call } from "../support/faults/open-loop.js";
import { expectSound } from "../support/faults/soundness.js";
import { type SteppedClock, steppedClock } from "../support/faults/stepped-clock.js";
import { aclArgs } from "../support/redis-acl.js";
import { FAILOVER_MILLIS, type SentinelSetup, startSentinelSetup } from "../support/redis-sentinel.js";
import { until } from "../support/until.js";
import type { WeirProcess } from "../support/weir-process.js";

// The tests wait for failovers.
vi.setConfig({ testTimeout: 3 * FAILOVER_MILLIS, hookTimeout: 3 * FAILOVER_MILLIS });

let setup: SentinelSetup;
let weir: WeirProcess;

beforeAll(async () => {
  setup = await startSentinelSetup({ serverArgs: aclArgs(USER) });
  weir = await startFaultWeir(setup.url, sentinelSettings());
});

afterAll(async () => {
  await weir?.stop();
  await setup?.stop();
});

function sentinelSettings(): Record<string, string> {
  return { WEIR_REDIS_TOPOLOGY: "sentinel", WEIR_REDIS_SENTINEL_MASTER: "weir-master" };
}

describe("Sentinels", () => {
  it("lead to the replica when the master is killed, and away from the old one when it comes back empty", async (context) => {
    const run = await FaultRun.start({ fault: "Sentinel: master killed", weirs: [weir] });
    const old = await setup.master();
    await run.fault({ inject: () => old.kill(), lasts: () => setup.untilFailover(old) });
    await old.start();
    await setup.untilReplica(old);
    const report = await run.finish();
    expectSound(report, context, { mayLoseWrites: true });
    expect(report.failedShare).toBeGreaterThan(0.1);
  });

  it("lead to the replica when an operator asks for it: READONLY is not for good", async (context) => {
    const run = await FaultRun.start({ fault: "Sentinel: failover asked for", weirs: [weir] });
    const old = await setup.master();
    const failover = async (): Promise<void> => {
      await setup.failover();
      // Until it is told that it is a replica the old master takes writes, which are lost.
      await setup.untilReplica(old);
    };
    await run.fault({ inject: failover, lasts: 1_000 });
    const report = await run.finish();
    expectSound(report, context, { mayLoseWrites: true });
  });
});

describe("a replica with an older clock", () => {
  const BEHIND_SECONDS = 600;
  const BRISK_BURST = 100;
  let clock: SteppedClock;
  let behind: SentinelSetup;
  let itsWeir: WeirProcess;

  beforeAll(async () => {
    clock = await steppedClock(-BEHIND_SECONDS);
    behind = await startSentinelSetup({ replicaEnv: clock.env, serverArgs: aclArgs(USER) });
    itsWeir = await startFaultWeir(behind.url, sentinelSettings());
  });

  afterAll(async () => {
    await itsWeir?.stop();
    await behind?.stop();
    await clock?.remove();
  });

  it("adds no token when it is promoted, and refills from then on as ever", async (context) => {
    const run = await FaultRun.start({ fault: "Sentinel: older clock promoted", weirs: [itsWeir] });
    const old = await behind.master();
    await run.fault({ inject: () => old.kill(), lasts: () => behind.untilFailover(old) });
    const promoted = await behind.master();
    const seconds = Number(((await promoted.command("TIME")) as string[])[0]);
    expect(seconds).toBeLessThan(Date.now() / 1000 - BEHIND_SECONDS + 5);
    const { healingMillis } = run.times;
    const refilled = (): boolean => admittedSince(run.load.calls, "brisk", healingMillis) > BRISK_BURST;
    await until("more was admitted than a full bucket has", () => refilled() || undefined);
    const report = await run.finish();
    expectSound(report, context, { mayLoseWrites: true });
  });
});

/** How many calls on a kind of bucket were admitted that were sent from then on. */
function admittedSince(calls: readonly Call[], key: string, sinceMillis: number): number {
  return calls.filter(
    ({ offer, result, sentMillis }) =>
      offer.buckets[0]?.key === key && result === "admitted" && sentMillis > sinceMillis,
  ).length;
}
