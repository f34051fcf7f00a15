import { execFileSync } from "node:child_process";
import { resolve } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { newClient } from "../support/clients.js";
import { type Envoy, startEnvoy } from "../support/envoy.js";
import type { HttpAnswer, HttpOptions } from "../support/http-client.js";
import { sumOf } from "../support/metrics-text.js";
import { envoyPath } from "../support/tools.js";
import { until } from "../support/until.js";
import { startWeir, type WeirProcess } from "../support/weir-process.js";

// The shipped rules and the shipped Envoy configuration, over the memory store. Buckets outlive a test: each uses
// clients, keys and paths that no other one does.

let weir: WeirProcess;
let envoy: Envoy;

beforeAll(async () => {
  weir = await startWeir();
  envoy = await startEnvoy({ weirPort: weir.grpcPort });
});

afterAll(async () => {
  await envoy?.stop();
  await weir?.stop();
});

/** The status codes of `count` requests, one after the other. */
async function codes(count: number, path: string, options: HttpOptions): Promise<number[]> {
  const all: number[] = [];
  for (let i = 0; i < count; i++) all.push((await envoy.get(path, options)).status);
  return all;
}

/** How many of `count` requests from as many clients are let through. */
async function admitted(count: number, path: string, headers: Record<string, string> = {}): Promise<number> {
  let sum = 0;
  for (let i = 0; i < count; i++) {
    const { status } = await envoy.get(path, { from: newClient(), headers });
    expect([200, 429]).toContain(status);
    if (status === 200) sum++;
  }
  return sum;
}

it("the shipped configuration passes Envoy's own validation as it is", () => {
  const file = resolve(import.meta.dirname, "../../envoy/envoy.yaml");
  const output = execFileSync(envoyPath(), ["--mode", "validate", "-c", file, "--log-level", "error"]);
  expect(output.toString()).toContain("OK");
});

it("a client is let through up to its burst and refused from then on, and the headers tell", async () => {
  const from = newClient();
  for (const remaining of [4, 3, 2, 1, 0]) {
    const { status, headers } = await envoy.get("/", { from });
    expect(status).toBe(200);
    expect(headers["x-ratelimit-limit"]).toBe('30, 30;w=60;name="per-client"');
    expect(headers["x-ratelimit-remaining"]).toBe(String(remaining));
    // Two seconds for each token that is missing, less what went by since the first request.
    const untilFull = (5 - remaining) * 2;
    expect(Number(headers["x-ratelimit-reset"])).toBeGreaterThanOrEqual(untilFull - 1);
    expect(Number(headers["x-ratelimit-reset"])).toBeLessThanOrEqual(untilFull);
    expect(headers["retry-after"]).toBeUndefined();
  }
  const refused = await envoy.get("/", { from });
  expect(refused.status).toBe(429);
  expect(refused.headers["x-ratelimit-remaining"]).toBe("0");
  expect(["1", "2"]).toContain(refused.headers["x-ratelimit-reset"]);
  expect(refused.headers["retry-after"]).toBe(refused.headers["x-ratelimit-reset"]);
  expect((await envoy.get("/", { from: newClient() })).status).toBe(200);
});

it("a refused client is let through again when the promised time is over, and not a second sooner", async () => {
  const from = newClient();
  expect(await codes(6, "/", { from })).toEqual([200, 200, 200, 200, 200, 429]);
  const asked = performance.now();
  const refused = await envoy.get("/", { from });
  expect(refused.status).toBe(429);
  const promised = Number(refused.headers["x-ratelimit-reset"]) * 1_000;
  await until("the client is let through", async () => {
    return (await envoy.get("/", { from })).status === 200 ? true : undefined;
  });
  const waited = performance.now() - asked;
  expect(waited).toBeGreaterThanOrEqual(promised - 1_000);
  expect(waited).toBeLessThanOrEqual(promised + 1_000);
  expect((await envoy.get("/", { from })).status).toBe(429);
});

it("a descriptor of path and client limits each client on that path alone", async () => {
  const from = newClient();
  expect(await codes(3, "/login", { from })).toEqual([200, 200, 429]);
  expect(await codes(2, "/login", { from: newClient() })).toEqual([200, 200]);
  const elsewhere = await envoy.get("/", { from });
  expect(elsewhere.status).toBe(200);
  // The login that was refused took nothing from the client's own bucket.
  expect(elsewhere.headers["x-ratelimit-remaining"]).toBe("2");
});

it("one path is one path, however it is written", async () => {
  const from = newClient();
  expect(await codes(1, "/login?next=/", { from })).toEqual([200]);
  expect(await codes(1, "//x/../login?a=1", { from })).toEqual([200]);
  expect(await codes(1, "/%6cogin", { from })).toEqual([429]);
});

it("paths that share a wildcard's bucket are limited together", async () => {
  const first = await envoy.get("/search/shoes", { from: newClient() });
  expect(first.headers["x-ratelimit-limit"]).toBe('4, 30;w=60;name="per-client", 4;w=3600;name="search"');
  expect(first.headers["x-ratelimit-remaining"]).toBe("3");
  expect(first.headers["x-ratelimit-reset"]).toBe("900");
  expect(await admitted(2, "/search/hats")).toBe(2);
  expect(await admitted(3, "/search/a/b?c=d")).toBe(1);
});

it("a ban lets nothing through, and its clients are not charged", async () => {
  const from = newClient();
  const banned = await envoy.get("/wp-login.php", { from });
  expect(banned.status).toBe(429);
  expect(banned.headers["x-ratelimit-reset"]).toBe("86400");
  expect(await codes(2, "/x/y.php", { from })).toEqual([429, 429]);
  expect((await envoy.get("/api/x", { from, headers: { "x-api-key": "leaked-0815" } })).status).toBe(429);
  expect((await envoy.get("/", { from })).headers["x-ratelimit-remaining"]).toBe("4");
});

it("a wildcard without a shared bucket limits each value by itself", async () => {
  const { headers } = await envoy.get("/api/x", { from: newClient(), headers: { "x-api-key": "trial-1" } });
  expect(headers["x-ratelimit-limit"]).toBe('3, 30;w=60;name="per-client", 3;w=21600;name="trial"');
  expect(headers["x-ratelimit-remaining"]).toBe("2");
  expect(headers["x-ratelimit-reset"]).toBe("7200");
  expect(await admitted(4, "/api/x", { "x-api-key": "trial-1" })).toBe(2);
  expect(await admitted(4, "/api/x", { "x-api-key": "trial-2" })).toBe(3);
});

it("an exact value comes before the wildcard and the bare key", async () => {
  const limitOf = async (key: string): Promise<string | undefined> => {
    const { headers } = await envoy.get("/api/x", { from: newClient(), headers: { "x-api-key": key } });
    return /name="(?!per-client)([^"]*)"/.exec(headers["x-ratelimit-limit"] ?? "")?.[1];
  };
  expect(await limitOf("partner-acme")).toBe("partner");
  expect(await limitOf("trial-of-another")).toBe("trial");
  expect(await limitOf("anything-else")).toBe("api-key");
});

it("a missing header does not lift the other limits", async () => {
  const from = newClient();
  expect(await codes(6, "/api/x", { from })).toEqual([200, 200, 200, 200, 200, 429]);
});

it("a limit in shadow mode lets everything through and tells what is truly left", async () => {
  const answers: HttpAnswer[] = [];
  for (let i = 0; i < 4; i++) answers.push(await envoy.get("/beta/cart", { from: newClient() }));
  expect(answers.map((answer) => answer.status)).toEqual([200, 200, 200, 200]);
  expect(answers.map((answer) => answer.headers["x-ratelimit-remaining"])).toEqual(["1", "0", "0", "0"]);
  const shadowed = sumOf(await weir.metrics(), "weir_decisions_total", { outcome: "shadow_over_limit" });
  expect(shadowed).toBe(2);
});

it("quota limits refuse only when none of them fits", async () => {
  // Two of its own and one more from the shared three, which the first two took from as well.
  expect(await admitted(5, "/reports", { "x-team": "red" })).toBe(3);
  // The shared quota is gone, the other team's own is not.
  expect(await admitted(4, "/reports", { "x-team": "blue" })).toBe(2);
  expect(await admitted(1, "/reports")).toBe(0);
});

it("an unlimited rule lets everything through", async () => {
  const from = newClient();
  expect(new Set(await codes(30, "/health", { from }))).toEqual(new Set([200]));
  expect(new Set(await codes(30, "/internal/stock", { from }))).toEqual(new Set([200]));
  expect((await envoy.get("/health", { from })).headers["x-ratelimit-limit"]).toBeUndefined();
});

it("many clients at once are counted exactly, as Weir's metrics tell", async () => {
  const labels = { domain: "shop", rule: "remote_address" };
  const before = await weir.metrics();
  const from = newClient();
  const many = await Promise.all(Array.from({ length: 40 }, () => envoy.get("/many", { from })));
  // One more where the burst lasted for two seconds.
  const through = many.filter((answer) => answer.status === 200).length;
  expect([5, 6]).toContain(through);
  const after = await weir.metrics();
  const grown = (name: string, more: Record<string, string>): number =>
    sumOf(after, name, more) - sumOf(before, name, more);
  expect(grown("weir_decisions_total", { ...labels, outcome: "ok" })).toBe(through);
  expect(grown("weir_decisions_total", { ...labels, outcome: "over_limit" })).toBe(40 - through);
  expect(grown("weir_store_operations_total", { status: "ok" })).toBe(40);
});

it("Envoy had an answer in time to all it asked", async () => {
  expect(await envoy.stat("cluster.services.ratelimit.error")).toBe(0);
  expect(await envoy.stat("cluster.services.ratelimit.over_limit")).toBeGreaterThan(0);
});

it("with its own 20 ms, as shipped, a client is limited all the same", async () => {
  const shipped = await startEnvoy({ weirPort: weir.grpcPort, rateLimitTimeout: "0.02s" });
  try {
    const from = newClient();
    await until("a request is refused", async () => {
      return (await shipped.get("/", { from })).status === 429 ? true : undefined;
    });
  } finally {
    await shipped.stop();
  }
});
