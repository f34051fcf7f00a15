import { execFile } from "node:child_process";
import { resolve } from "node:path";
import { Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData, status } from "@grpc/grpc-js";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const BENCH = resolve(import.meta.dirname, "../../bench/bench.mjs");
const OK = Buffer.from([8, 1]);
const OVER_LIMIT = Buffer.from([8, 2]);

type Answer = Buffer | status;

let server: Server;
let port: number;
let answer: (client: number) => Answer;

/** A server of grpc-js that answers each client as a test says. */
beforeEach(async () => {
  const asIs = (bytes: Buffer): Buffer => bytes;
  server = new Server();
  server.addService(
    {
      shouldRateLimit: {
        path: "/envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit",
        requestStream: false,
        responseStream: false,
        requestSerialize: asIs,
        requestDeserialize: asIs,
        responseSerialize: asIs,
        responseDeserialize: asIs,
      },
    },
    {
      shouldRateLimit: (call: ServerUnaryCall<Buffer, Buffer>, callback: sendUnaryData<Buffer>) => {
        const client = /client.{2}203\.0\.113\.(\d+)/s.exec(call.request.toString("latin1"))?.[1];
        const chosen = answer(Number(client));
        if (Buffer.isBuffer(chosen)) callback(null, chosen);
        else callback({ code: chosen, details: "as the test wants it" });
      },
    },
  );
  port = await new Promise<number>((settle, reject) => {
    server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, bound) => {
      if (error === null) settle(bound);
      else reject(error);
    });
  });
});

afterEach(() => {
  server.forceShutdown();
});

/** Runs the benchmark against that server only, for a moment. */
function bench(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const short = ["--only", "subject", "--seconds", "0.3", "--rounds", "1", "--rate", "500"];
  return new Promise((settle) => {
    execFile(process.execPath, [BENCH, ...short, ...args], { timeout: 25_000 }, (error, stdout, stderr) => {
      settle({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

/** The rows of one name, in order: full load, then an even pace. */
function rows(stdout: string, name: string): Record<string, number>[] {
  const lines = stdout.split("\n").filter((line) => line.startsWith(name));
  return lines.map((line) => {
    const [perSecond, cpu, redis, p50, p99, p999, late, ok, overLimit, failed] = line
      .slice(name.length)
      .trim()
      .split(/\s+/)
      .map(Number.parseFloat);
    return { perSecond, cpu, redis, p50, p99, p999, late, ok, overLimit, failed } as Record<string, number>;
  });
}

describe("the benchmark", () => {
  it("prints rates, CPU and times of a server that lets everything pass", async () => {
    answer = () => OK;
    const { code, stdout, stderr } = await bench("--peer", `subject=127.0.0.1:${port}`);
    expect(stderr).toBe("");
    expect(code).toBe(0);
    for (const descriptors of [1, 2]) {
      const [full, paced] = rows(stdout, `subject/${descriptors}`);
      expect(full!.ok).toBeGreaterThan(200);
      expect(full!.failed! + full!.overLimit!).toBe(0);
      expect(full!.cpu).toBeGreaterThan(1);
      expect(full!.p50).toBeLessThanOrEqual(full!.p99!);
      expect(full!.p99).toBeLessThanOrEqual(full!.p999!);
      expect(paced!.ok).toBe(150);
    }
  });

  it("tells refusals and errors from answers that let pass, and says that such runs do not compare", async () => {
    answer = (client) => (client % 10 === 0 ? OVER_LIMIT : client % 10 === 5 ? status.UNAVAILABLE : OK);
    const { code, stdout, stderr } = await bench("--peer", `subject=127.0.0.1:${port}`);
    const [, paced] = rows(stdout, "subject/1");
    expect(paced).toMatchObject({ ok: 120, overLimit: 15, failed: 15 });
    expect(stderr).toContain("were refusals or errors");
    expect(code).toBe(1);
  });

  it.each([
    ["--peer", "far=192.0.2.1:8081", "only servers on this machine"],
    ["--seconds", "0", "a number above 0"],
    ["--secnds", "1", "--secnds"],
  ])("refuses %s %s and says what it takes", async (flag, value, words) => {
    const { code, stderr } = await bench(flag, value);
    expect(code).toBe(2);
    expect(stderr).toContain(words);
    expect(stderr).toContain("npm run bench -- [options]");
  });
});
