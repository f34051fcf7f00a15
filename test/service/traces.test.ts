import { readFileSync } from "node:fs";
import { cp, mkdir, mkdtemp, readdir, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { newClient } from "../support/clients.js";
import { GrpcClient } from "../support/grpc-client.js";
import { http } from "../support/http-client.js";
import { attributesOf, type OtlpReceiver, type ReceivedSpan, startOtlpReceiver } from "../support/otlp-receiver.js";
import { launch } from "../support/program.js";
import { startRedis } from "../support/redis-server.js";
import { until } from "../support/until.js";
import { startWeir, type WeirOptions, type WeirProcess } from "../support/weir-process.js";

const REPOSITORY = resolve(import.meta.dirname, "../..");
const { version: VERSION } = JSON.parse(readFileSync(join(REPOSITORY, "package.json"), "utf8")) as { version: string };
const PARENT = "00f067aa0ba902b7";
const METHOD = "envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit";
/** Kinds of spans in OTLP. */
const [SERVER, CLIENT] = [2, 3];

let traces = 0;
let collector: OtlpReceiver;
let weir: WeirProcess | undefined;

beforeAll(async () => {
  collector = await startOtlpReceiver();
});

afterEach(async () => {
  await weir?.stop();
  weir = undefined;
});

afterAll(async () => await collector.close());

/** The id of a trace that no test has used. */
function newTrace(): string {
  traces++;
  return `${"ab".repeat(14)}${String(traces).padStart(4, "0")}`;
}

function spansOf(trace: string): readonly ReceivedSpan[] {
  return collector.spans.filter(({ traceId }) => traceId === trace);
}

async function serve(sampleRatio: string, options: WeirOptions = {}): Promise<WeirProcess> {
  const tracing = { WEIR_TRACES_OTLP_ENDPOINT: collector.url, WEIR_TRACES_SAMPLE_RATIO: sampleRatio };
  weir = await startWeir({ ...options, env: { ...options.env, ...tracing } });
  return weir;
}

/** One call about a client of its own, as part of a trace. */
async function ask(server: WeirProcess, trace: string, flags = "01", hits = 1, domain = "shop"): Promise<void> {
  const client = new GrpcClient(server.grpcPort);
  const descriptors = [{ entries: [{ key: "remote_address", value: newClient() }] }];
  const fields = { traceparent: `00-${trace}-${PARENT}-${flags}` };
  await client.shouldRateLimit({ domain, descriptors, hits_addend: hits }, {}, fields).catch(() => {});
  client.close();
}

describe("traces", () => {
  it("have a span for each call, with the proxy's as its parent, and the store's time as a child", async () => {
    const server = await serve("0");
    const trace = newTrace();
    const beforeMillis = Date.now();
    await ask(server, trace);
    const spans = await until("both spans have come", () => (spansOf(trace).length === 2 ? spansOf(trace) : undefined));
    const call = spans.find(({ kind }) => kind === SERVER)!;
    const store = spans.find(({ kind }) => kind === CLIENT)!;
    expect(call).toMatchObject({ name: METHOD, parentSpanId: PARENT });
    expect(attributesOf(call)).toMatchObject({
      "rpc.system": "grpc",
      "rpc.method": "ShouldRateLimit",
      "rpc.grpc.status_code": 0,
      "weir.domain": "shop",
      "weir.outcome": "OK",
    });
    expect(store).toMatchObject({ name: "memory decide", parentSpanId: call.spanId });
    expect(attributesOf(store)).toEqual({ "weir.store": "memory", "weir.store.status": "ok" });
    const [start, end] = [Number(call.startTimeUnixNano) / 1e6, Number(call.endTimeUnixNano) / 1e6];
    expect(start).toBeGreaterThan(beforeMillis - 1_000);
    expect(end).toBeLessThan(Date.now() + 1_000);
    // They are measured by two clocks, a fraction of a millisecond apart.
    expect(Number(store.startTimeUnixNano) / 1e6).toBeGreaterThan(start - 1);
    expect(Number(store.endTimeUnixNano) / 1e6).toBeLessThan(end + 1);
    expect(collector.resources.at(-1)).toMatchObject({ "service.name": "weir", "service.version": VERSION });
    expect([...collector.paths]).toEqual(["POST /v1/traces"]);
  });

  it("tell refusals, calls that make no sense, and a store that is gone", async () => {
    const redis = await startRedis();
    const server = await serve("0", { redisUrl: redis.url, env: { WEIR_STORE_TIMEOUT: "2s" } });
    const [refused, invalid, failed] = [newTrace(), newTrace(), newTrace()];
    await ask(server, refused, "01", 1_000);
    await ask(server, invalid, "01", 1, "");
    await redis.stop();
    await ask(server, failed);
    await server.stop();
    const callOf = (trace: string): ReceivedSpan => spansOf(trace).find(({ kind }) => kind === SERVER)!;
    expect(attributesOf(callOf(refused))["weir.outcome"]).toBe("OVER_LIMIT");
    expect(attributesOf(callOf(invalid))).toMatchObject({ "weir.outcome": "invalid", "rpc.grpc.status_code": 3 });
    expect(callOf(invalid).status.code ?? 0).toBe(0);
    expect(attributesOf(callOf(failed))).toMatchObject({ "weir.outcome": "failed", "rpc.grpc.status_code": 14 });
    expect(callOf(failed).status).toMatchObject({
      code: 2,
      message: expect.stringContaining("the redis store failed"),
    });
    const store = spansOf(failed).find(({ kind }) => kind === CLIENT)!;
    expect(store.status.code).toBe(2);
  });

  it("are not made where the proxy does not sample; where nobody has decided, of the share that is set", async () => {
    const server = await serve("1");
    const [unsampled, sampled] = [newTrace(), newTrace()];
    await ask(server, unsampled, "00");
    await ask(server, sampled, "01");
    const own = async (): Promise<void> => {
      const body = JSON.stringify({
        domain: "shop",
        descriptors: [{ entries: [{ key: "remote_address", value: "x" }] }],
      });
      await http(`${server.httpUrl}/json`, { method: "POST", body });
    };
    const before = collector.spans.length;
    await own();
    await server.stop();
    expect(spansOf(unsampled)).toEqual([]);
    expect(spansOf(sampled)).toHaveLength(2);
    const roots = collector.spans.slice(before).filter(({ kind, parentSpanId }) => kind === SERVER && !parentSpanId);
    expect(roots).toHaveLength(1);
    expect(roots[0]?.traceId).toMatch(/^[0-9a-f]{32}$/);
  });

  it("that a collector does not take are told in the log, in one line", async () => {
    const strict = await startOtlpReceiver(400);
    const env = { WEIR_TRACES_OTLP_ENDPOINT: `${strict.url}/my/traces`, WEIR_TRACES_SAMPLE_RATIO: "1" };
    const server = await startWeir({ env });
    await ask(server, newTrace());
    expect(await server.stop()).toBe(0);
    expect([...strict.paths]).toEqual(["POST /my/traces"]);
    const [line, ...others] = server
      .output()
      .split("\n")
      .filter((text) => text.includes("traces were not sent"));
    expect(others).toEqual([]);
    expect(JSON.parse(line!)).toMatchObject({ level: "warn", reason: expect.stringMatching(/^[^{]/), leftOut: 0 });
    await strict.close();
  });

  it("that reach no collector hold up neither calls nor the end", async () => {
    const env = { WEIR_TRACES_OTLP_ENDPOINT: "http://127.0.0.1:9", WEIR_TRACES_SAMPLE_RATIO: "1" };
    const server = await startWeir({ env });
    await ask(server, newTrace());
    const started = performance.now();
    expect(await server.stop()).toBe(0);
    expect(performance.now() - started).toBeLessThan(4_500);
  });
});

describe("without the packages for traces", () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "weir-slim-"));
    await mkdir(join(folder, "node_modules"));
    for (const name of await readdir(join(REPOSITORY, "node_modules"))) {
      if (name === "@opentelemetry") continue;
      await symlink(join(REPOSITORY, "node_modules", name), join(folder, "node_modules", name));
    }
    for (const name of ["dist", "proto", "config", "package.json"]) {
      await cp(join(REPOSITORY, name), join(folder, name), { recursive: true });
    }
  });

  afterAll(async () => await rm(folder, { recursive: true }));

  const run = (env: Readonly<Record<string, string>>) =>
    launch(process.execPath, ["dist/main.js", "serve"], {
      cwd: folder,
      env: {
        WEIR_GRPC_LISTEN: "127.0.0.1:0",
        WEIR_HTTP_LISTEN: "127.0.0.1:0",
        WEIR_ADMIN_LISTEN: "127.0.0.1:0",
        ...env,
      },
    });

  it("Weir runs as ever while nobody wants any", async () => {
    const program = await run({});
    await until("it is ready", () => (program.output().includes('"msg":"ready"') ? true : program.ended()));
    expect(await program.stop()).toBe(0);
  });

  it.each([
    ["WEIR_TRACES_OTLP_ENDPOINT", { WEIR_TRACES_OTLP_ENDPOINT: "http://127.0.0.1:9" }],
    ["TRACING_ENABLED", { TRACING_ENABLED: "true", USE_STATSD: "false" }],
  ])("Weir says what to install when somebody does by %s, and ends with 2", async (name, env) => {
    const program = await run(env);
    expect(await until("it has ended", () => program.ended())).toBe(2);
    expect(program.output()).toContain(`${name} requires packages that are not installed`);
    expect(program.output()).toContain(`npm install --include=optional, or unset ${name}`);
    await program.stop();
  });
});
