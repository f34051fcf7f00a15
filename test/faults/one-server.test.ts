import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { unheardIn } from "../support/faults/fault-report.js";
import { FaultRun } from "../support/faults/fault-run.js";
import { startFaultWeir, USER } from "../support/faults/fault-weir.js";
import type { Call, Result } from "../support/faults/open-loop.js";
import { countOf, expectSound } from "../support/faults/soundness.js";
import { untilLogged } from "../support/log-lines.js";
import { aclArgs } from "../support/redis-acl.js";
import { type RedisServer, startRedis } from "../support/redis-server.js";
import { until } from "../support/until.js";
import type { WeirProcess } from "../support/weir-process.js";

let redis: RedisServer;
let weir: WeirProcess;

beforeAll(async () => {
  redis = await startRedis({ args: aclArgs(USER) });
  weir = await startFaultWeir(redis.url);
});

afterAll(async () => {
  await weir?.stop();
  await redis?.stop();
});

describe("one server that writes down what it does", () => {
  let folder: string;
  let durable: RedisServer;
  let itsWeir: WeirProcess;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "weir-faults-"));
    // What it has answered it still knows after kill -9.
    const args = ["--dir", folder, "--appendonly", "yes", "--appendfsync", "everysec"];
    durable = await startRedis({ args: [...args, ...aclArgs(USER)] });
    itsWeir = await startFaultWeir(durable.url);
  });

  afterAll(async () => {
    await itsWeir?.stop();
    await durable?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it("killed and started again is found again, and counts on where it was", async (context) => {
    const run = await FaultRun.start({ fault: "kill -9 and restart", weirs: [itsWeir] });
    await run.fault({ inject: () => durable.kill(), lasts: 1_500, heal: () => durable.start(), isOutage: true });
    const report = await run.finish();
    expectSound(report, context);
    expect(report.failedShare).toBeGreaterThan(0.4);
    await untilLogged(itsWeir, "the store failed");
  });
});

describe("one server", () => {
  it("that stands still for five seconds charges nobody who has gone", async (context) => {
    const run = await FaultRun.start({ fault: "SIGSTOP for 5 s", weirs: [weir], perSecond: 1_200 });
    await run.fault({ inject: () => redis.freeze(), lasts: 5_000, heal: () => redis.thaw(), isOutage: true });
    const report = await run.finish();
    expectSound(report, context);
    expect(report.failedShare).toBeGreaterThan(0.3);
  });

  it("that forgets its scripts loses no call", async (context) => {
    const run = await FaultRun.start({ fault: "SCRIPT FLUSH under load", weirs: [weir] });
    const flush = async (): Promise<void> => {
      for (let times = 0; times < 5; times++) {
        await redis.command("SCRIPT", "FLUSH");
        await pause(50);
      }
    };
    await run.fault({ inject: flush, lasts: 0 });
    const report = await run.finish();
    expectSound(report, context);
    expect(report.buckets.reduce((sum, count) => sum + unheardIn(count), 0)).toBeLessThanOrEqual(
      countOf(report, "failed"),
    );
  });

  it("that forgets its buckets has each begin anew, once", async (context) => {
    const run = await FaultRun.start({ fault: "FLUSHALL under load", weirs: [weir] });
    const hotCalls = (result: Result): Call[] =>
      run.load.calls.filter((call) => call.result === result && call.offer.buckets[0]?.key === "hot");
    await until("the hot key is used up", () => hotCalls("refused")[0]);
    await run.fault({
      inject: () => redis.command("FLUSHALL"),
      lasts: async () => {
        const flushedMillis = performance.now();
        const since = ({ sentMillis }: Call): boolean => sentMillis > flushedMillis;
        // What is remembered as refused is asked for again once a second.
        const last = await until("it is found full", () => hotCalls("admitted").find(since));
        await until("it is used up again", () => hotCalls("refused").find((call) => call.sentMillis > last.sentMillis));
      },
    });
    const report = await run.finish();
    expectSound(report, context, { freshStarts: 1 });
    // It was used up before, and is once more.
    const hot = report.buckets.find(({ bucket }) => bucket.key === "hot")!;
    expect(hot.admitted).toBeLessThanOrEqual(400);
    expect(hot.admitted).toBeGreaterThanOrEqual(400 - hot.doubtful);
  });

  it("without memory for more refuses by D13 what it cannot write down, and goes on when it has", async (context) => {
    const run = await FaultRun.start({ fault: "out of memory, noeviction", weirs: [weir] });
    await run.fault({
      inject: () => redis.command("CONFIG", "SET", "maxmemory", "1mb"),
      lasts: 1_500,
      heal: () => redis.command("CONFIG", "SET", "maxmemory", "0"),
    });
    const report = await run.finish();
    expectSound(report, context);
    expect(report.failedShare).toBeGreaterThan(0.08);
    await untilLogged(weir, "OOM command not allowed");
  });
});
