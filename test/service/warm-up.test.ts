import { readFileSync } from "node:fs";
import { afterEach, describe, expect, it } from "vitest";
import { freePort } from "../support/free-port.js";
import { http } from "../support/http-client.js";
import { type LogLine, logLines, untilLogged } from "../support/log-lines.js";
import { launch, type Program } from "../support/program.js";
import { type RedisServer, startRedis } from "../support/redis-server.js";
import { until } from "../support/until.js";
import { SHIPPED_RULES, startWeir, type WeirProcess } from "../support/weir-process.js";

const VERSION = (JSON.parse(readFileSync("package.json", "utf8")) as { version: string }).version;

let weir: WeirProcess | undefined;
let program: Program | undefined;
let redis: RedisServer | undefined;

afterEach(async () => {
  await weir?.stop();
  await program?.stop();
  await redis?.stop();
  weir = undefined;
  program = undefined;
  redis = undefined;
});

/** What a request would leave its mark on: all that counts decisions, calls, keys and buckets. */
const COUNTED =
  /^weir_(?:decisions|hits|request_duration|store_operation|active_keys|bucket_fill|memory_store|overrides_ignored|grpc_\w*(?:calls|connections|streams)|redis_\w+_(?:total|count))/;

/** Lines of /metrics that would show a decision, with a value other than 0. */
async function counted(running: WeirProcess): Promise<string[]> {
  const lines = (await running.metrics()).split("\n");
  expect(lines.filter((line) => COUNTED.test(line)).length).toBeGreaterThan(20);
  return lines.filter((line) => COUNTED.test(line) && !line.endsWith(" 0"));
}

async function topRefused({ adminUrl }: WeirProcess): Promise<unknown> {
  return JSON.parse((await http(`${adminUrl}/api/v1/top`)).body);
}

async function logLine(running: Program, message: string): Promise<LogLine> {
  return (await untilLogged(running, `"msg":"${message}`))[0] as LogLine;
}

/** What makes the first answers as fast as later ones: so many calls, or as many as a slow machine makes in this time. */
const ENOUGH: Readonly<Record<string, { readonly calls: number; readonly seconds: number }>> = {
  memory: { calls: 800, seconds: 1 },
  redis: { calls: 1_200, seconds: 1 },
};

/** The stores that were warmed up before it was ready, in their order. Fails where one was not warmed up enough. */
async function warmedUp(running: Program): Promise<string[]> {
  await logLine(running, "ready");
  const lines = logLines(running, '"msg":"warmed up') as unknown as { store: string; calls: number; seconds: number }[];
  for (const { store, calls, seconds } of lines) {
    const enough = ENOUGH[store];
    const isEnough = enough !== undefined && (calls >= enough.calls || seconds >= enough.seconds - 0.001);
    expect(isEnough, `${store}: ${calls} calls in ${seconds} s`).toBe(true);
  }
  return lines.map(({ store }) => store);
}

describe("before it says that it is ready", () => {
  it("has warmed up, and says so to who asks earlier", async () => {
    const [grpcPort, httpPort] = [await freePort(), await freePort()];
    program = await launch(process.execPath, ["dist/main.js", "serve"], {
      env: {
        PATH: process.env.PATH,
        WEIR_RULES: SHIPPED_RULES,
        WEIR_GRPC_LISTEN: `127.0.0.1:${grpcPort}`,
        WEIR_HTTP_LISTEN: `127.0.0.1:${httpPort}`,
        WEIR_ADMIN_LISTEN: "127.0.0.1:0",
        WEIR_LOG_LEVEL: "debug",
      },
    });
    const answers: string[] = [];
    while (answers.at(-1) !== "200 OK") {
      const answer = await http(`http://127.0.0.1:${httpPort}/readyz`).catch(() => undefined);
      expect(program.ended()).toBeUndefined();
      if (answer !== undefined) answers.push(`${answer.status} ${answer.body.trim()}`);
      else await new Promise(setImmediate);
    }
    expect([...new Set(answers)].filter((answer) => !answer.includes("store"))).toEqual([
      "503 not ready\nwarming up",
      "200 OK",
    ]);
    const warmed = await logLine(program, "warmed up");
    expect(warmed).toMatchObject({ level: "debug", store: "memory" });
    expect(await warmedUp(program)).toEqual(["memory"]);
    const listening = await logLine(program, "listening");
    expect(listening).toMatchObject({ version: VERSION, grpcPort });
    const ready = await logLine(program, "ready");
    expect(String(warmed.time) <= String(ready.time)).toBe(true);
  });

  it("leaves no trace: no decision, no call, no bucket, no key, nobody refused", async () => {
    weir = await startWeir();
    expect(await counted(weir)).toEqual([]);
    expect(JSON.stringify(await topRefused(weir))).not.toContain("weir-warm-up");
    expect(weir.output()).not.toContain("weir-warm-up");
    expect(weir.output()).not.toContain("over the limit");
  });

  it("tells the version in its metrics", async () => {
    weir = await startWeir();
    expect(await weir.metrics()).toContain(`weir_build_info{version="${VERSION}"} 1`);
  });
});

describe("with Redis", () => {
  it("warms up there too, on keys of its own that are gone soon, and counts none of it", async () => {
    redis = await startRedis();
    weir = await startWeir({ redisUrl: redis.url, env: { WEIR_LOG_LEVEL: "debug" } });
    expect(await warmedUp(weir)).toEqual(["memory", "redis"]);
    const keys = (await redis.command("keys", "*")) as string[];
    expect(keys.filter((key) => !/^weir:warm-up\|1\|weir-warm-up\|/.test(key))).toEqual([]);
    expect(String(await redis.command("info", "commandstats"))).toMatch(/cmdstat_evalsha:calls=\d\d/);
    expect(await counted(weir)).toEqual([]);
    const { command } = redis;
    await until("no keys are left", async () => ((await command("dbsize")) === 0 ? true : undefined));
  });

  it("warms up whatever its listener allows clients", async () => {
    redis = await startRedis();
    const env = { WEIR_LOG_LEVEL: "debug", WEIR_GRPC_MAX_CONCURRENT_STREAMS: "1", WEIR_GRPC_MAX_CONNECTION_AGE: "1ms" };
    weir = await startWeir({ redisUrl: redis.url, env });
    expect(weir.output()).not.toContain("the warm-up failed");
    expect(await warmedUp(weir)).toEqual(["memory", "redis"]);
  });

  it("serves all the same when it could not warm up there, and says so", async () => {
    redis = await startRedis();
    const only =
      "~weir:|* resetchannels -@all +evalsha +script|load +time +get +set +del +info +client|setname +select";
    await redis.command("acl", "setuser", "weir", "on", ">secret", ...only.split(" "));
    const redisUrl = redis.url.replace("redis://", "redis://weir:secret@");
    weir = await startWeir({ redisUrl, env: { WEIR_STORE_TIMEOUT: "1s" } });
    const failed = await logLine(weir, "the warm-up failed");
    expect(failed).toMatchObject({ level: "warn", store: "redis" });
    expect(await counted(weir)).toEqual([]);
    const question = { domain: "shop", descriptors: [{ entries: [{ key: "remote_address", value: "192.0.2.7" }] }] };
    const answer = await http(`${weir.httpUrl}/json`, { method: "POST", body: JSON.stringify(question) });
    expect(answer).toMatchObject({ status: 200 });
    expect(await counted(weir)).toContain('weir_decisions_total{domain="shop",rule="remote_address",outcome="ok"} 1');
  });
});
