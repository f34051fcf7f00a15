import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { FaultReport } from "../support/faults/fault-report.js";
import { FaultRun } from "../support/faults/fault-run.js";
import { startFaultWeir, USER } from "../support/faults/fault-weir.js";
import { countOf, expectSound } from "../support/faults/soundness.js";
import { type SteppedClock, steppedClock } from "../support/faults/stepped-clock.js";
import { aclArgs } from "../support/redis-acl.js";
import { type SentinelSetup, startSentinelSetup } from "../support/redis-sentinel.js";
import type { WeirProcess } from "../support/weir-process.js";

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
    expect(countOf(report, "failed")).toBeGreaterThan(100);
  });

  it("lead to the replica when an operator asks for it: READONLY is not for good", async (context) => {
    const run = await FaultRun.start({ fault: "Sentinel: failover asked for", weirs: [weir] });
    await run.fault({ inject: () => setup.failover(), lasts: 1_000 });
    const report = await run.finish();
    expectSound(report, context, { mayLoseWrites: true });
  });
});

describe("a replica with an older clock", () => {
  const BEHIND_SECONDS = 600;
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
    const report = await run.finish();
    expectSound(report, context, { mayLoseWrites: true });
    expect(admittedAfter(report, "brisk")).toBeGreaterThan(20);
  });
});

/** How many calls on a kind of bucket were admitted in the last 400 ms of a run: 40 tokens come in that time. */
function admittedAfter({ calls }: FaultReport, key: string): number {
  const end = Math.max(...calls.map(({ answeredMillis }) => answeredMillis));
  return calls.filter(
    ({ offer, result, answeredMillis }) =>
      offer.buckets[0]?.key === key && result === "admitted" && answeredMillis > end - 400,
  ).length;
}
