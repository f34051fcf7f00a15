import { once } from "node:events";
import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from "node:http2";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { readAnswer } from "../support/faults/answer.js";
import { type Bucket, burstOf, offer, peekBytes } from "../support/faults/buckets.js";
import { addRow } from "../support/faults/fault-table.js";
import { startFaultWeir, USER } from "../support/faults/fault-weir.js";
import { OpenLoop } from "../support/faults/open-loop.js";
import { GrpcClient } from "../support/grpc-client.js";
import { sumOf } from "../support/metrics-text.js";
import { aclArgs } from "../support/redis-acl.js";
import { type RedisServer, startRedis } from "../support/redis-server.js";
import { until } from "../support/until.js";
import type { WeirProcess } from "../support/weir-process.js";

/** Longer than Redis stands still here, so that only what these tests are about fails. */
const TIMEOUT_MILLIS = 4_000;
const MAX_QUEUED = 300;
/** What a machine that is busy with other things may add to "at once". */
const SLACK_MILLIS = 250;
const PATH = "/envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit";

let redis: RedisServer;
let weir: WeirProcess;
let client: GrpcClient;

beforeAll(async () => {
  redis = await startRedis({ args: aclArgs(USER) });
  weir = await startFaultWeir(redis.url, {
    WEIR_STORE_TIMEOUT: `${TIMEOUT_MILLIS}ms`,
    WEIR_REDIS_MAX_QUEUED: String(MAX_QUEUED),
    WEIR_DENY_CACHE_SIZE: "0",
  });
  client = new GrpcClient(weir.grpcPort);
});

afterEach(() => redis.thaw());

afterAll(async () => {
  client?.close();
  await weir?.stop();
  await redis?.stop();
});

async function remaining(bucket: Bucket): Promise<number> {
  return readAnswer(await client.shouldRateLimitBytes(peekBytes(bucket))).remaining[0]!;
}

async function failures(status: string): Promise<number> {
  return sumOf(await weir.metrics(), "weir_store_operations_total", { store: "redis", status });
}

describe("more calls than the queue takes while Redis stands still", () => {
  it("are answered at once, and all that wait are decided when it goes on", async (context) => {
    const bucket: Bucket = { key: "large", value: "overload" };
    const call = offer(bucket);
    const before = await failures("overload");
    const load = new OpenLoop([weir], 2_000, () => call);
    load.start();
    await until("the load flows", () => load.calls.length >= 500 || undefined);
    redis.freeze();
    const isOverloaded = (): boolean => load.calls.filter(({ result }) => result === "failed").length >= 500;
    await until("the queue is full for a while", () => isOverloaded() || undefined);
    const thawedMillis = performance.now();
    redis.thaw();
    await pause(500);
    await load.stop();
    const failed = load.calls.filter(({ result }) => result === "failed");
    const admitted = load.calls.filter(({ result }) => result === "admitted");
    const again = admitted.filter(({ answeredMillis }) => answeredMillis > thawedMillis);
    const slowest = Math.max(...failed.map(({ tookMillis }) => tookMillis));
    const left = await remaining(bucket);
    addRow(context, {
      fault: "overload: queue full, Redis frozen",
      offered: load.sent,
      admitted: admitted.length,
      model: load.sent - failed.length,
      forgotten: 0,
      unheard: burstOf(bucket) - left - admitted.length,
      late: failed.filter(({ tookMillis }) => tookMillis > SLACK_MILLIS).length,
      slowestMillis: Math.round(slowest),
      withoutStore: failed.length,
      recoveryMillis: Math.round(Math.min(...again.map(({ answeredMillis }) => answeredMillis)) - thawedMillis),
      keptMegabytes: 0,
      residentMegabytes: 0,
    });
    expect(failed.length + admitted.length).toBe(load.sent);
    expect(slowest).toBeLessThan(SLACK_MILLIS);
    expect(failed[0]?.words).toContain(`${MAX_QUEUED} decisions wait for Redis`);
    expect(left).toBe(burstOf(bucket) - admitted.length);
    expect((await failures("overload")) - before).toBe(failed.length);
  });
});

describe("a caller that goes away", () => {
  it("before its call was sent to Redis is not charged", async () => {
    const bucket: Bucket = { key: "large", value: "cancelled" };
    const before = await failures("cancelled");
    const session = connect(`http://127.0.0.1:${weir.grpcPort}`);
    await once(session, "connect");
    try {
      redis.freeze();
      // More than there may be calls to Redis in flight: the last ones wait.
      const patient: Promise<Buffer>[] = [];
      for (let i = 0; i < 20; i++) {
        patient.push(client.shouldRateLimitBytes(offer(bucket).request));
        await pause(5);
      }
      const gone = Array.from({ length: 100 }, () => startCall(session, offer(bucket).request));
      await pause(100);
      for (const stream of gone) stream.close(constants.NGHTTP2_CANCEL);
      await pause(100);
      redis.thaw();
      const answers = (await Promise.all(patient)).map(readAnswer);
      expect(answers.every(({ isAdmitted, isDecided }) => isAdmitted && isDecided)).toBe(true);
      expect(await remaining(bucket)).toBe(burstOf(bucket) - patient.length);
      expect((await failures("cancelled")) - before).toBe(gone.length);
    } finally {
      session.destroy();
    }
  });

  it("because its deadline is sooner than ours is answered by then, and not charged when Redis goes on", async () => {
    const bucket: Bucket = { key: "large", value: "sooner" };
    redis.freeze();
    const started = performance.now();
    const failed = await Promise.all(
      Array.from({ length: 100 }, () =>
        client.shouldRateLimitBytes(offer(bucket).request, { deadline: Date.now() + 200 }).then(
          () => undefined,
          (error: Error) => error.message,
        ),
      ),
    );
    expect(performance.now() - started).toBeLessThan(200 + SLACK_MILLIS);
    expect(failed.every((words) => words !== undefined)).toBe(true);
    redis.thaw();
    await until("Redis decides again", () => remaining({ key: "large", value: "any" }).catch(() => undefined));
    expect(await remaining(bucket)).toBe(burstOf(bucket));
  });
});

/** Sends a gRPC message on a stream of its own. */
function startCall(session: ClientHttp2Session, message: Buffer): ClientHttp2Stream {
  const stream = session.request({
    ":method": "POST",
    ":path": PATH,
    "content-type": "application/grpc",
    te: "trailers",
  });
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  stream.on("error", () => {}).end(Buffer.concat([prefix, message]));
  return stream;
}
