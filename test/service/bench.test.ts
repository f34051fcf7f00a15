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
  const short = ["--only", "subject/", "--seconds", "0.3", "--rounds", "1", "--rate", "500"];
  return new Promise((settle) => {
    execFile(process.execPath, [BENCH, ...short, ...args], { timeout: 25_000 }, (error, stdout, stderr) => {
      settle({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

/** The row of one name. */
function row(stdout: string, name: string): Record<string, number> {
  const line = stdout.split("\n").find((each) => each.startsWith(name)) ?? "";
  const [full = "", paced = ""] = line.slice(name.length).split("|");
  const numbers = (cells: string): number[] => cells.trim().split(/\s+/).map(Number.parseFloat);
  const [perSecond, speedRatio, cpu, cpuRatio, redis, busyP50, busyP99] = numbers(full);
  const [pacedCpu, p50, p99, p999, late, ok, overLimit, failed, wrong] = numbers(paced);
  const left = { perSecond, speedRatio, cpu, cpuRatio, redis, busyP50, busyP99 };
  return { ...left, pacedCpu, p50, p99, p999, late, ok, overLimit, failed, wrong } as Record<string, number>;
}

describe("the benchmark", () => {
  it("prints rates, CPU and times of a server that lets everything pass", async () => {
    answer = () => OK;
    const { code, stdout, stderr } = await bench("--peer", `subject=127.0.0.1:${port}`);
    expect(stderr).toBe("");
    expect(code).toBe(0);
    for (const descriptors of [1, 2]) {
      const measured = row(stdout, `subject/${descriptors}`);
      expect(measured.perSecond).toBeGreaterThan(500);
      expect(measured.cpu).toBeGreaterThan(1);
      expect(measured.busyP50).toBeLessThanOrEqual(measured.busyP99!);
      expect(measured.p50).toBeLessThanOrEqual(measured.p99!);
      expect(measured.p99).toBeLessThanOrEqual(measured.p999!);
      expect(measured).toMatchObject({ ok: 150, overLimit: 0, failed: 0, wrong: 0 });
    }
  });

  it("tells refusals and errors from answers that let pass, and says that such runs do not compare", async () => {
    answer = (client) => (client % 10 === 0 ? OVER_LIMIT : client % 10 === 5 ? status.UNAVAILABLE : OK);
    const { code, stdout, stderr } = await bench("--peer", `subject=127.0.0.1:${port}`);
    const measured = row(stdout, "subject/1");
    expect(measured).toMatchObject({ ok: 120, overLimit: 15, failed: 15 });
    expect(measured.wrong).toBeGreaterThan(30);
    expect(stderr).toContain("were refusals or errors");
    expect(code).toBe(1);
  });

  it("takes the refusals of the row that asks for a refused key for what was wanted", async () => {
    const { code, stdout, stderr } = await bench("--only", "hot refused key");
    expect(stderr).toBe("");
    expect(code).toBe(0);
    expect(row(stdout, "weir memory/1, hot refused key")).toMatchObject({ ok: 0, overLimit: 150, failed: 0, wrong: 0 });
  }, 30_000);

  it("says how many times the cost of matching among 10 rules matching among 100,000 is", async () => {
    const { code, stdout } = await bench("--only", "matching");
    expect(code).toBe(0);
    const ratios = [...stdout.matchAll(/^100000 rules, .* ([\d.]+)$/gm)].map(([, ratio]) => Number(ratio));
    expect(ratios).toHaveLength(2);
    // Not a bound to hold under test, where others use the machine: only far from a search through all rules.
    for (const ratio of ratios) expect(ratio).toBeLessThan(500);
  }, 30_000);

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
