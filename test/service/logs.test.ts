import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { newClient } from "../support/clients.js";
import { GrpcClient } from "../support/grpc-client.js";
import { http } from "../support/http-client.js";
import { logLines, untilLogged } from "../support/log-lines.js";
import { until } from "../support/until.js";
import { startWeir, type WeirProcess } from "../support/weir-process.js";

const RULES = `
domain: logs
descriptors:
  - key: api_key
    detailed_metric: true
    rate_limit: { requests_per_unit: 2, unit: hour }
`;

let folder: string;
let rules: string;
let weir: WeirProcess;
let client: GrpcClient;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "weir-logs-"));
  rules = join(folder, "rules.yaml");
  await writeFile(rules, RULES);
  await writeFile(join(folder, "secret"), "a secret of more than sixteen bytes");
});

afterEach(async () => {
  client.close();
  await weir.stop();
});

afterAll(async () => await rm(folder, { recursive: true }));

async function serve(env: Readonly<Record<string, string>> = {}): Promise<void> {
  weir = await startWeir({ rules, env });
  client = new GrpcClient(weir.grpcPort);
}

const OVER_LIMIT = '"msg":"over the limit"';

const requestAbout = (value: string) => ({
  domain: "logs",
  descriptors: [{ entries: [{ key: "api_key", value }] }],
  hits_addend: 1,
});

describe.each(["native", "grpc-js"])("the log of refusals, with the %s server", (server) => {
  it("has the proxy's id of the request, the limit and the bucket, and counts what it leaves out", async () => {
    await serve({ WEIR_GRPC_SERVER: server });
    const value = newClient();
    for (let i = 0; i < 40; i++) {
      await client.shouldRateLimit(requestAbout(value), {}, { "x-request-id": `request-${i}` });
    }
    // The second is the next second's sample.
    const both = await untilLogged(weir, OVER_LIMIT, 2);
    expect(both[0]).toMatchObject({
      level: "info",
      domain: "logs",
      outcome: "over_limit",
      overall: "OVER_LIMIT",
      requestId: "request-2",
      leftOut: 0,
      limits: [
        {
          requestsPerUnit: 2,
          unit: "hour",
          burst: 2,
          hits: 1,
          tokens: 0,
          bucket: `1|logs|api_key=${value}|token_bucket:3600s`,
        },
      ],
    });
    expect(both[1]?.requestId).toMatch(/^request-\d+$/);
    await weir.stop();
    const lines = logLines(weir, OVER_LIMIT);
    expect(lines.length + lines.reduce((sum, { leftOut }) => sum + Number(leftOut), 0)).toBe(38);
  });
});

describe("the log", () => {
  it("knows the request's id over HTTP too", async () => {
    await serve();
    const value = newClient();
    const headers = { "x-request-id": "from-http" };
    const body = JSON.stringify({ ...requestAbout(value), hits_addend: undefined, hitsAddend: 2 });
    for (let i = 0; i < 2; i++) await http(`${weir.httpUrl}/json`, { method: "POST", body, headers });
    expect((await untilLogged(weir, OVER_LIMIT))[0]).toMatchObject({ requestId: "from-http" });
  });

  it("has hashed values nowhere in clear, and metrics have them neither", async () => {
    await serve({
      WEIR_HASH_KEYS: "true",
      WEIR_HASH_KEYS_SECRET_FILE: join(folder, "secret"),
      WEIR_LOG_LEVEL: "trace",
    });
    for (let i = 0; i < 4; i++) await client.shouldRateLimit(requestAbout("sk-live-4711"));
    const [line] = await untilLogged(weir, OVER_LIMIT);
    expect(JSON.stringify(line)).toMatch(/api_key\^[\w-]{24}\|/);
    const metrics = await weir.metrics();
    expect(metrics).toMatch(/weir_decisions_total\{domain="logs",rule="api_key=\^[\w-]{24}",outcome="over_limit"\} 2/);
    await weir.stop();
    expect(weir.output()).not.toContain("4711");
    expect(metrics).not.toContain("4711");
  });

  it("is without refusals from level warn on", async () => {
    await serve({ WEIR_LOG_LEVEL: "warn" });
    const value = newClient();
    for (let i = 0; i < 4; i++) await client.shouldRateLimit(requestAbout(value));
    await weir.stop();
    expect(weir.output()).toBe("");
  });

  it("is for people where the setting says so", async () => {
    await serve({ WEIR_LOG_FORMAT: "pretty" });
    const words = await until("it is ready", () => (weir.output().includes("ready") ? weir.output() : undefined));
    expect(words).toMatch(/^\[[\d:.]+\] INFO.*: rules loaded \{"path":/m);
  });
});
