import { randomBytes } from "node:crypto";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { callHeaders, grpcMessage } from "../support/grpc/messages.js";
import { ECHO, openRaw, startNative } from "../support/grpc/native-server.js";
import { TEXT_SERVICE } from "../support/grpc/text-service.js";
import { withBystander } from "../support/h2/bystander.js";
import { END_STREAM, frame, reset, TYPE } from "../support/h2/frames.js";

const GZIP = [["grpc-encoding", "gzip"]] as const;

/** A compressed call whose message is whole. */
function compressedCall(id: number, path: string, message: Buffer, flags = END_STREAM): Buffer {
  const framed = grpcMessage(message, 1);
  const data: Buffer[] = [];
  for (let at = 0; at < framed.length; at += 16_384) {
    const isLast = at + 16_384 >= framed.length;
    data.push(frame(TYPE.DATA, isLast ? flags : 0, id, framed.subarray(at, at + 16_384)));
  }
  return Buffer.concat([callHeaders(id, path, GZIP), ...data]);
}

/** Four kilobytes that become four megabytes, which takes some milliseconds. */
const BOMB = gzipSync(Buffer.alloc(4_000_000));

/** Sixty kilobytes that cannot be made smaller. */
const LARGE = gzipSync(randomBytes(60_000));

describe.each([
  ["unary", ECHO, END_STREAM],
  ["streaming", TEXT_SERVICE.Collect.path, 0],
])("compressed messages of %s calls that are reset at once", (_name, path, flags) => {
  const start = async () => {
    const native = await startNative();
    native.server.addService(TEXT_SERVICE, { Collect: (call: NodeJS.ReadableStream) => void call.resume() });
    return native;
  };

  it("are not decompressed for nobody, so that others are served at once", async () => {
    const { port } = await start();
    const attacker = await openRaw(port);
    for (let at = 0; at < 3_000; at += 100) {
      const ids = Array.from({ length: 100 }, (_, index) => 1 + 2 * (at + index));
      await attacker.sendAll(Buffer.concat(ids.flatMap((id) => [compressedCall(id, path, BOMB, flags), reset(id)])));
    }
    const client = await openRaw(port);
    const begun = performance.now();
    client.send(compressedCall(1, ECHO, gzipSync("honest")));
    expect((await client.answer(1)).body.subarray(5).toString()).toBe("honest");
    expect(performance.now() - begun).toBeLessThan(1_000);
  });

  it("are not kept", async () => {
    const { port, server } = await start();
    await withBystander(port, async () => {
      const attacker = await openRaw(port);
      const before = process.memoryUsage().arrayBuffers;
      for (let at = 0; at < 2_000; at += 20) {
        const ids = Array.from({ length: 20 }, (_, index) => 1 + 2 * (at + index));
        await attacker.sendAll(Buffer.concat(ids.flatMap((id) => [compressedCall(id, path, LARGE, flags), reset(id)])));
      }
      await expect.poll(() => server.counters.h2.resetsReceived, { timeout: 10_000 }).toBe(2_000);
      expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(60e6);
    });
  });
});
