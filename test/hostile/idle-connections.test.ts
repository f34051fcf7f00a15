import { afterEach, describe, expect, it } from "vitest";
import { GrpcServer } from "../../src/grpc-server/server.js";
import { unaryCall } from "../support/grpc/messages.js";
import { ECHO, openRaw, startNative } from "../support/grpc/native-server.js";
import { withBystander } from "../support/h2/bystander.js";
import { PREFACE, SETTINGS_ACK, settings, TYPE } from "../support/h2/frames.js";
import type { RawClient } from "../support/h2/raw-client.js";
import { settle, Wire } from "../support/h2/wire.js";

const opened: RawClient[] = [];
afterEach(async () => {
  for (const client of opened.splice(0)) await client.close();
});

describe("ten thousand idle connections", () => {
  it("cost a few kilobytes each besides their sockets, and no time to look after", async () => {
    const server = new GrpcServer({ server: { sweepMillis: 50 } });
    server.addUnary(ECHO, (message) => message);
    const wires = Array.from({ length: 10_000 }, () => new Wire());
    const collect = globalThis.gc ?? (() => {});
    collect();
    const before = process.memoryUsage().heapUsed;
    for (const wire of wires) {
      server.serve(wire, "test");
      wire.feed(PREFACE, settings(), SETTINGS_ACK);
    }
    await settle();
    collect();
    expect((process.memoryUsage().heapUsed - before) / wires.length).toBeLessThan(30_000);
    const { user } = process.cpuUsage();
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    // Twenty looks at each of them.
    expect(process.cpuUsage().user - user).toBeLessThan(600_000);
    wires[5_000]!.feed(unaryCall(1, ECHO, "awake"));
    await settle();
    expect(
      wires[5_000]!
        .frames()
        .find(({ type }) => type === TYPE.DATA)
        ?.payload.subarray(5)
        .toString(),
    ).toBe("awake");
    for (const wire of wires) wire.destroy();
    await server.shutdown(0);
  });

  it("of which two thousand are real leave others served", async () => {
    const { port, server } = await startNative({ server: { sweepMillis: 50 } });
    for (let at = 0; at < 2_000; at++) opened.push(await openRaw(port));
    await withBystander(port, () => new Promise((resolve) => setTimeout(resolve, 200)));
    expect(server.counters.h2.connectionsOpen).toBe(2_001);
    expect(opened.every((client) => !client.isClosed)).toBe(true);
  });
});
