import { deflateSync, gzipSync } from "node:zlib";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { Decompressor } from "../../../src/grpc-server/decompressor.js";

const seen = vi.hoisted(() => ({ running: 0, most: 0 }));

vi.mock("node:zlib", async (importOriginal) => {
  const zlib = await importOriginal<typeof import("node:zlib")>();
  const counted: typeof zlib.gunzip = ((
    bytes: Buffer,
    options: object,
    done: (error: Error | null, result: Buffer) => void,
  ) => {
    seen.running += 1;
    seen.most = Math.max(seen.most, seen.running);
    zlib.gunzip(bytes, options, (error, result) => {
      seen.running -= 1;
      done(error, result);
    });
  }) as typeof zlib.gunzip;
  return { ...zlib, gunzip: counted };
});

beforeEach(() => {
  seen.most = 0;
});

function decompressAll(maxAtOnce: number): Promise<string[]> {
  const decompressor = new Decompressor(1_000, maxAtOnce);
  const results = Array.from({ length: 30 }, (_, at) => {
    const message = gzipSync(`message ${at}`);
    return new Promise<string>((resolve) =>
      decompressor.decompress(message, "gzip", (result) => resolve(String(result))),
    );
  });
  return Promise.all(results);
}

describe("a decompressor", () => {
  it("has no more messages at work at once than it may", async () => {
    expect(await decompressAll(2)).toEqual(Array.from({ length: 30 }, (_, at) => `message ${at}`));
    expect(seen.most).toBe(2);
  });

  it("has all of them at work without the limit", async () => {
    await decompressAll(Number.POSITIVE_INFINITY);
    expect(seen.most).toBe(30);
  });

  it("leaves out what has been given up", async () => {
    const decompressor = new Decompressor(1_000, 1);
    const results: string[] = [];
    const start = (text: string): (() => void) =>
      decompressor.decompress(gzipSync(text), "gzip", (result) => results.push(String(result)));
    start("first");
    const giveUps = [start("second"), start("third")];
    const last = new Promise((resolve) => {
      decompressor.decompress(gzipSync("last"), "gzip", resolve);
    });
    for (const giveUp of giveUps) giveUp();
    expect(String(await last)).toBe("last");
    expect(results).toEqual(["first"]);
  });

  it("goes on after one that is broken, and one that becomes too large", async () => {
    const decompressor = new Decompressor(1_000, 1);
    const outcome = (message: Buffer, encoding: string) =>
      new Promise<unknown>((resolve) => decompressor.decompress(message, encoding, resolve));
    const outcomes = await Promise.all([
      outcome(Buffer.from("no gzip"), "gzip"),
      outcome(gzipSync(Buffer.alloc(1_001)), "gzip"),
      outcome(gzipSync(Buffer.alloc(1_000)), "gzip"),
      outcome(deflateSync("plain"), "deflate"),
    ]);
    expect(outcomes).toMatchObject([{ code: 13 }, { code: 8 }, Buffer.alloc(1_000), Buffer.from("plain")]);
  });
});
