import { once } from "node:events";
import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from "node:http2";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { readAnswer } from "../support/faults/answer.js";
import { type Bucket, burstOf, offer, peekBytes } from "../support/faults/buckets.js";
import { addRow } from "../support/faults/fault-table.js";
import { startFaultWeir, USER } from "../support/faults/fault-weir.js";
import { type Call, OpenLoop } from "../support/faults/open-loop.js";
import { GrpcClient } from "../support/grpc-client.js";
import { sumOf } from "../support/metrics-text.js";
import { aclArgs } from "../support/redis-acl.js";
import { type RedisServer, startRedis } from "../support/redis-server.js";
import { until } from "../support/until.js";
import type { WeirProcess } from "../support/weir-process.js";

/** Longer than Redis stands still here, so that only what these tests are about fails. */
const TIMEOUT_MILLIS = 4_000;
/** So few that it is full long before the connection is given up, after a second of silence. */
const MAX_QUEUED = 150;
/** What a machine that stalls may add to "at once". What waits for Redis takes longer: a second, or its deadline. */
const SLACK_MILLIS = 600;
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

/** Decisions by how they ended; without a status all of them. */
async function operations(status?: string): Promise<number> {
  const labels = { store: "redis", ...(status === undefined ? {} : { status }) };
  return sumOf(await weir.metrics(), "weir_store_operations_total", labels);
}

/** Decisions that wait to be sent. */
async function queued(): Promise<number> {
  return sumOf(await weir.metrics(), "weir_store_queued");
}

/**
 * Whether Redis may have charged a call that failed: such as were on their way when the connection was given up, after a
 * second of silence, which a machine that stalls makes of Redis' rest.
 */
function isDoubtful({ result, words }: Call): boolean {
  return result === "failed" && !isOverload(words);
}

/** Whether a call was turned away because the queue is full. */
function isOverload(words: string): boolean {
  return words.includes(`${MAX_QUEUED} decisions wait for Redis`);
}

describe("more calls than the queue takes while Redis stands still", () => {
  it("are answered at once, and all that wait are decided when it goes on", async (context) => {
    const bucket: Bucket = { key: "large", value: "overload" };
    const call = offer(bucket);
    const before = await operations("overload");
    const load = new OpenLoop([weir], 2_000, () => call);
    onTestFinished(() => load.stop());
    load.start();
    await until("the load flows", () => load.calls.length >= 500 || undefined);
    redis.freeze();
    const turnedAway = (): Call[] => load.calls.filter(({ words }) => isOverload(words));
    await until("the queue is full for a while", () => turnedAway().length >= MAX_QUEUED || undefined);
    const waiting = load.open;
    const thawedMillis = performance.now();
    redis.thaw();
    const waited = ({ sentMillis, answeredMillis }: Call): boolean =>
      sentMillis < thawedMillis && answeredMillis > thawedMillis;
    await until("all that wait are answered", () => load.calls.filter(waited).length >= waiting || undefined);
    await load.stop();
    const failed = turnedAway();
    const doubtful = load.calls.filter(isDoubtful);
    const admitted = load.calls.filter(({ result }) => result === "admitted");
    const again = admitted.filter(({ answeredMillis }) => answeredMillis > thawedMillis);
    const slowest = Math.max(...failed.map(({ tookMillis }) => tookMillis));
    const left = await until("Redis decides again", () => remaining(bucket).catch(() => undefined));
    addRow(context, {
      fault: "overload: queue full, Redis frozen",
      offered: load.sent,
      admitted: admitted.length,
      model: load.sent - failed.length,
      forgotten: 0,
      unheard: burstOf(bucket) - left - admitted.length,
      late: failed.filter(({ tookMillis }) => tookMillis > SLACK_MILLIS).length,
      slowestMillis: Math.round(slowest),
      withoutStore: failed.length + doubtful.length,
      recoveryMillis: Math.round(Math.min(...again.map(({ answeredMillis }) => answeredMillis)) - thawedMillis),
      keptMegabytes: 0,
      residentMegabytes: 0,
    });
    expect(failed.length + doubtful.length + admitted.length).toBe(load.sent);
    expect(slowest).toBeLessThan(SLACK_MILLIS);
    expect(again.filter(waited).length).toBeGreaterThanOrEqual(MAX_QUEUED - doubtful.length);
    expect(left).toBeLessThanOrEqual(burstOf(bucket) - admitted.length);
    expect(left).toBeGreaterThanOrEqual(burstOf(bucket) - admitted.length - doubtful.length);
    expect((await operations("overload")) - before).toBe(failed.length);
  });
});

describe("a caller that goes away", () => {
  it("before its call was sent to Redis is not charged", async () => {
    const bucket: Bucket = { key: "large", value: "cancelled" };
    const before = await operations("cancelled");
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
      await until("some of them wait", async () => (await queued()) > 0 || undefined);
      const gone = Array.from({ length: 100 }, () => startCall(session, offer(bucket).request));
      await until("these wait, too", async () => (await queued()) > gone.length || undefined);
      for (const stream of gone) stream.close(constants.NGHTTP2_CANCEL);
      // Weir answers a ping after all that came before it on the connection; the second, a turn later.
      for (let i = 0; i < 2; i++) await ping(session);
      redis.thaw();
      const answers = (await Promise.all(patient)).map(readAnswer);
      expect(answers.every(({ isAdmitted, isDecided }) => isAdmitted && isDecided)).toBe(true);
      expect(await remaining(bucket)).toBe(burstOf(bucket) - patient.length);
      expect((await operations("cancelled")) - before).toBe(gone.length);
    } finally {
      session.destroy();
    }
  });

  it("because its deadline is sooner than ours is answered by then, and not charged when Redis goes on", async () => {
    const bucket: Bucket = { key: "large", value: "sooner" };
    const failures = async (): Promise<number> => (await operations()) - (await operations("ok"));
    const before = await failures();
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
    // A call that came to Weir late, since the machine stalled, has its deadline there later.
    await until("Weir has given them all up", async () => (await failures()) - before === failed.length || undefined);
    redis.thaw();
    await until("Redis decides again", () => remaining({ key: "large", value: "any" }).catch(() => undefined));
    expect(await remaining(bucket)).toBe(burstOf(bucket));
  });
});

/** When the other side has seen all that was sent on this connection. */
function ping(session: ClientHttp2Session): Promise<void> {
  return new Promise((resolve, reject) => {
    session.ping((error) => (error === null ? resolve() : reject(error)));
  });
}

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
