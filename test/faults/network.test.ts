import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FaultRun } from "../support/faults/fault-run.js";
import { startFaultWeir, USER } from "../support/faults/fault-weir.js";
import { expectSound } from "../support/faults/soundness.js";
import { startTcpProxy, type TcpProxy } from "../support/faults/tcp-proxy.js";
import { aclArgs } from "../support/redis-acl.js";
import { type RedisServer, startRedis } from "../support/redis-server.js";
import type { WeirProcess } from "../support/weir-process.js";

let redis: RedisServer;
let proxy: TcpProxy;
let weir: WeirProcess;

beforeAll(async () => {
  redis = await startRedis({ args: aclArgs(USER) });
  proxy = await startTcpProxy(redis.port);
  weir = await startFaultWeir(`redis://127.0.0.1:${proxy.port}`);
});

afterAll(async () => {
  await weir?.stop();
  await proxy?.close();
  await redis?.stop();
});

const heal = (): void => proxy.resume();

describe("a network", () => {
  it("that brings commands later than their deadlines has none of them charged", async (context) => {
    const run = await FaultRun.start({ fault: "requests 200 ms late", weirs: [weir] });
    await run.fault({ inject: () => proxy.delay({ toServerMillis: 200 }), lasts: 2_000, heal, isOutage: true });
    const report = await run.finish();
    expectSound(report, context);
    expect(report.failedShare).toBeGreaterThan(0.5);
  });

  it("that brings replies later than their deadlines never has too many admitted", async (context) => {
    const run = await FaultRun.start({ fault: "replies 200 ms late", weirs: [weir] });
    await run.fault({ inject: () => proxy.delay({ toClientMillis: 200 }), lasts: 2_000, heal });
    const report = await run.finish();
    // Redis took the tokens in time, and nobody could hear of it in time.
    expectSound(report, context, { mayOvercharge: true });
    expect(report.failedShare).toBeGreaterThan(0.5);
  });

  it("that carries next to nothing never has too many admitted", async (context) => {
    const run = await FaultRun.start({ fault: "4 kB a second", weirs: [weir] });
    await run.fault({ inject: () => proxy.throttle(4_000), lasts: 2_000, heal });
    const report = await run.finish();
    expectSound(report, context, { mayOvercharge: true });
    expect(report.failedShare).toBeGreaterThan(0.25);
  });

  it("that breaks each connection costs the calls of that moment, and no more than one token each", async (context) => {
    const run = await FaultRun.start({ fault: "connections reset", weirs: [weir] });
    await run.fault({ inject: () => proxy.cut(), lasts: 1_500, heal, isOutage: true });
    const report = await run.finish();
    expectSound(report, context);
    expect(report.failedShare).toBeGreaterThan(0.5);
  });

  it("that goes silent and delivers all that it kept charges nobody who has gone", async (context) => {
    const run = await FaultRun.start({ fault: "black hole for 4 s", weirs: [weir], perSecond: 1_200 });
    await run.fault({ inject: () => proxy.hold(), lasts: 4_000, heal, isOutage: true });
    const report = await run.finish();
    expectSound(report, context);
    expect(report.failedShare).toBeGreaterThan(0.4);
    // Connecting anew goes on, but not as fast as it can.
    expect(proxy.connectionsMade()).toBeLessThan(60);
  });
});
