import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { GrpcClient } from "../support/grpc-client.js";
import { http } from "../support/http-client.js";
import { documentedMetrics, type MetricFacts, metricsOf } from "../support/metrics-page.js";
import { sumOf } from "../support/metrics-text.js";
import { type RedisServer, startRedis } from "../support/redis-server.js";
import { until } from "../support/until.js";
import { startWeir, type WeirProcess } from "../support/weir-process.js";

const PAGE = resolve(import.meta.dirname, "../../docs/metrics.md");

/** Metrics whose labels are seen only after something rare: a protocol broken, a change by an operator. */
const RARELY_LABELLED = [
  "nodejs_active_requests",
  "weir_admin_changes_total",
  "weir_grpc_connection_errors_total",
  "weir_overrides_ignored_total",
];

let redis: RedisServer;
let weir: WeirProcess;
let client: GrpcClient;

beforeAll(async () => {
  redis = await startRedis();
  const env = { WEIR_ON_STORE_FAILURE: "local", WEIR_STORE_TIMEOUT: "2s" };
  weir = await startWeir({ redisUrl: redis.url, env });
  client = new GrpcClient(weir.grpcPort);
});

afterAll(async () => {
  client.close();
  await weir.stop();
  await redis.stop();
});

const ask = (entries: Readonly<Record<string, string>>, hits = 1) =>
  client.shouldRateLimit({
    domain: "shop",
    descriptors: [{ entries: Object.entries(entries).map(([key, value]) => ({ key, value })) }],
    hits_addend: hits,
  });

describe("metrics of a real Weir", () => {
  it("are those of docs/metrics.md, neither more nor fewer, with the same types and labels", async () => {
    await ask({ remote_address: "127.9.9.9" });
    await ask({ remote_address: "127.9.9.9" }, 5);
    const documented = documentedMetrics(await readFile(PAGE, "utf8"));
    const shown = metricsOf(await weir.metrics());
    expect([...shown.keys()].sort()).toEqual([...documented.keys()].sort());
    const rarely = ([name]: [string, MetricFacts]): boolean => RARELY_LABELLED.includes(name);
    const often = (metrics: ReadonlyMap<string, MetricFacts>) =>
      Object.fromEntries([...metrics].filter((entry) => !rarely(entry)));
    expect(often(shown)).toEqual(often(documented));
    for (const name of RARELY_LABELLED) expect(shown.get(name)?.type).toBe(documented.get(name)?.type);
  });

  it("count hits by what became of them, keys that are active, and what buckets have left", async () => {
    const before = await weir.metrics();
    for (let i = 0; i < 20; i++) await ask({ remote_address: `127.8.0.${i}` }, 4);
    await ask({ remote_address: "127.8.0.1" }, 3);
    const after = await weir.metrics();
    const more = (name: string, labels?: Record<string, string>): number =>
      sumOf(after, name, labels) - sumOf(before, name, labels);
    expect(more("weir_hits_total", { rule: "remote_address", result: "admitted" })).toBe(80);
    expect(more("weir_hits_total", { rule: "remote_address", result: "refused" })).toBe(3);
    expect(sumOf(after, "weir_active_keys")).toBeGreaterThanOrEqual(20);
    expect(sumOf(after, "weir_active_keys")).toBeLessThanOrEqual(23);
    // 1 of 5 tokens is left in each.
    expect(more("weir_bucket_fill_ratio_bucket", { le: "0.2" })).toBe(21);
    expect(more("weir_bucket_fill_ratio_bucket", { le: "0.1" })).toBe(0);
  });

  it("measure the event loop", async () => {
    await until("there are measurements", async () =>
      sumOf(await weir.metrics(), "weir_event_loop_lag_seconds_count") > 5 ? true : undefined,
    );
  });

  it("are told to be Prometheus' text, and to many scrapes at once", async () => {
    const answers = await Promise.all(Array.from({ length: 8 }, () => http(`${weir.httpUrl}/metrics`)));
    for (const { status, headers, body } of answers) {
      expect(status).toBe(200);
      expect(headers["content-type"]).toBe("text/plain; version=0.0.4; charset=utf-8");
      expect(Number(headers["content-length"])).toBe(Buffer.byteLength(body));
      expect(body.endsWith("\n")).toBe(true);
    }
  });
});
