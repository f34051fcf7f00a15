import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FaultRun } from "../support/faults/fault-run.js";
import { startFaultWeir, USER } from "../support/faults/fault-weir.js";
import { expectSound } from "../support/faults/soundness.js";
import { type SteppedClock, steppedClock } from "../support/faults/stepped-clock.js";
import { aclArgs } from "../support/redis-acl.js";
import { type RedisServer, startRedis } from "../support/redis-server.js";
import type { WeirProcess } from "../support/weir-process.js";

const STEP_SECONDS = 600;

let clock: SteppedClock;
let redis: RedisServer;
let weir: WeirProcess;

beforeAll(async () => {
  clock = await steppedClock();
  redis = await startRedis({ env: clock.env, args: aclArgs(USER) });
  weir = await startFaultWeir(redis.url);
});

afterAll(async () => {
  await weir?.stop();
  await redis?.stop();
  await clock?.remove();
});

async function serverSeconds(): Promise<number> {
  return Number(((await redis.command("TIME")) as string[])[0]);
}

describe("a server's clock", () => {
  it("that is stepped forward adds what that time would have brought, and nothing else", async (context) => {
    const run = await FaultRun.start({ fault: "clock 10 min forward", weirs: [weir] });
    const before = await serverSeconds();
    await run.fault({ inject: () => clock.step(STEP_SECONDS), lasts: 1_500 });
    expect((await serverSeconds()) - before).toBeGreaterThanOrEqual(STEP_SECONDS);
    expectSound(await run.finish(), context, { steppedSeconds: STEP_SECONDS });
  });

  it("that is stepped back adds nothing, and buckets refill from then on as ever", async (context) => {
    const run = await FaultRun.start({ fault: "clock 10 min back", weirs: [weir] });
    const before = await serverSeconds();
    await run.fault({ inject: () => clock.step(0), lasts: 1_500 });
    expect((await serverSeconds()) - before).toBeLessThan(0);
    const report = await run.finish();
    expectSound(report, context);
    const brisk = report.buckets.find(({ bucket }) => bucket.key === "brisk")!;
    const failed = report.calls.filter(({ result }) => result === "failed").length;
    // What it held at the step and what came since: a tenth of a second may be lost in each.
    expect(brisk.admitted).toBeGreaterThanOrEqual(Math.min(brisk.offered, 100 * brisk.seconds) - failed - 20);
  });
});
