import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { newClient } from "../support/clients.js";
import { ControlPlane, type ControlPlaneTls } from "../support/control-plane.js";
import { type Envoy, replaceIn, startEnvoy } from "../support/envoy.js";
import { certsFolder, type GatewayWeir, readCerts, startGatewayWeir, withMutualTls } from "../support/envoy-gateway.js";
import { TestAuthority } from "../support/grpc/certificates.js";
import { GrpcClient } from "../support/grpc-client.js";
import { http } from "../support/http-client.js";
import { documentedMetrics, metricsOf } from "../support/metrics-page.js";
import { sumOf } from "../support/metrics-text.js";
import { type RedisServer, startRedis } from "../support/redis-server.js";
import { until } from "../support/until.js";
import type { ConfigObject } from "../support/xds-messages.js";

// Weir in the place of envoyproxy/ratelimit under Envoy Gateway: its environment and certificates, rules over xDS, and
// Envoy in front, which shows a certificate to Weir.

const DOMAIN = "default/eg/http";
const PAGE = resolve(import.meta.dirname, "../../docs/xds.md");

/** What a page may take from the change at the control plane until it is in force. */
const IN_FORCE_MILLIS = 1_000;

/** Calls to Weir that were not answered, as Envoy counts them. */
const ERRORS = "cluster.services.ratelimit.error";

const hourly = (requests_per_unit: number) => ({ rate_limit: { requests_per_unit, unit: "HOUR" } });
const TOKENS = { rate_limit: { requests_per_unit: 6_000, unit: "MINUTE", name: "llm-tokens" } };

/** The rules of Envoy's domain: so much for each client. */
function rules(perClient: object, ...more: readonly object[]): ConfigObject {
  return { name: DOMAIN, domain: DOMAIN, descriptors: [{ key: "remote_address", ...perClient }, ...more] };
}

let redis: RedisServer;
let planeTls: ControlPlaneTls;
let plane: ControlPlane;
let weir: GatewayWeir;
let envoy: Envoy;
let certs: string;
/** Makes the shipped configuration of Envoy one for this gateway. */
let edit: (yaml: string) => string;

beforeAll(async () => {
  const authority = new TestAuthority("envoy-gateway");
  planeTls = readCerts(certsFolder(authority, "envoy-gateway"));
  redis = await startRedis();
  plane = await ControlPlane.start(planeTls);
  certs = certsFolder(authority, "envoy-ratelimit");
  weir = await startGatewayWeir({ controlPlane: `localhost:${plane.port}`, redis: `127.0.0.1:${redis.port}`, certs });
  const envoyCerts = certsFolder(authority, "envoy");
  edit = (yaml) => withMutualTls(replaceIn(yaml, "domain: shop\n", `domain: ${DOMAIN}\n`), envoyCerts);
  envoy = await startEnvoy({ weirPort: weir.grpcPort, edit });
});

afterAll(async () => {
  await envoy?.stop();
  await weir?.stop();
  plane?.stop();
  await redis?.stop();
});

async function statuses(count: number, from: string, path = "/"): Promise<number[]> {
  const all: number[] = [];
  for (let i = 0; i < count; i++) all.push((await envoy.get(path, { from })).status);
  return all;
}

/** Waits until a client is answered so. @returns how long it took */
async function untilAnswered(status: number, from: string): Promise<number> {
  const started = performance.now();
  await until(`${from} is answered ${status}`, async () => {
    return (await envoy.get("/", { from })).status === status || undefined;
  });
  return performance.now() - started;
}

/** A client that has had all that a rule of `hourly(2)` gives. */
async function spentClient(): Promise<string> {
  const from = newClient();
  await plane.answerTo(plane.set(rules(hourly(2))));
  await untilAnswered(429, from);
  return from;
}

describe("with Envoy Gateway's environment and nothing else", () => {
  it("Weir is ready before it has rules, asks for them by name and certificate, and leaves it to Envoy whether requests pass", async () => {
    expect((await http(`${weir.httpUrl}/healthcheck`)).status).toBe(200);
    const first = await until("rules are asked for", () => plane.requests[0]);
    expect(first).toMatchObject({ node: { id: "envoy-ratelimit" }, client: "envoy-ratelimit", version_info: "" });
    // Envoy's failure mode is the default one.
    expect(await statuses(3, newClient())).toEqual([200, 200, 200]);
    expect(await envoy.stat(ERRORS)).toBe(3);
    expect(sumOf(await weir.metrics(), "weir_rules_loaded")).toBe(0);
  });

  it("rules are acknowledged, and enforced through Redis", async () => {
    const errorsBefore = await envoy.stat(ERRORS);
    expect(await plane.answerTo(plane.set(rules(hourly(3))))).toEqual({ ack: true, message: "" });
    expect(await statuses(5, newClient())).toEqual([200, 200, 200, 429, 429]);
    expect(await redis.command("DBSIZE")).toBeGreaterThan(0);
    // Envoy has asked, and not been let through for want of an answer.
    expect(await envoy.stat(ERRORS)).toBe(errorsBefore);
  });

  it("who shows no certificate is not answered", async () => {
    const client = new GrpcClient(weir.grpcPort);
    const asked = client.shouldRateLimit({ domain: DOMAIN, descriptors: [{ entries: [{ key: "a", value: "b" }] }] });
    await expect(asked).rejects.toMatchObject({ code: 14 });
    client.close();
  });

  it("a rule that changes is in force within a second", async () => {
    const from = await spentClient();
    plane.set(rules({ rate_limit: { unlimited: true } }));
    expect(await untilAnswered(200, from)).toBeLessThan(IN_FORCE_MILLIS);
    plane.set(rules(hourly(2)));
    expect(await untilAnswered(429, from)).toBeLessThan(IN_FORCE_MILLIS);
  });

  it("a resource that disappears takes its limits along", async () => {
    const from = await spentClient();
    const bank = { name: "bank", domain: "bank", descriptors: [{ key: "user", ...hourly(1) }] };
    plane.set(bank);
    expect(await untilAnswered(200, from)).toBeLessThan(IN_FORCE_MILLIS);
    expect(sumOf(await weir.metrics(), "weir_domains_loaded")).toBe(1);
    // And what was spent is not forgotten.
    plane.set(bank, rules(hourly(2)));
    expect(await untilAnswered(429, from)).toBeLessThan(IN_FORCE_MILLIS);
  });

  it("a broken resource is refused with its domain and descriptor, and the others stay in force", async () => {
    const from = await spentClient();
    const broken = {
      key: "account",
      ...hourly(1),
      descriptors: [{ key: "user", rate_limit: { requests_per_unit: 5 } }],
    };
    const bank = { name: "bank", domain: "bank", descriptors: [{ key: "open" }, broken] };
    const { ack, message } = await plane.answerTo(plane.set(rules(hourly(2)), bank));
    expect(ack).toBe(false);
    expect(message).toMatch(/bank.*descriptors\[1\].*"account".*descriptors\[0\].*"user".*unit/s);
    expect(await statuses(1, from)).toEqual([429]);
    expect(await statuses(3, newClient())).toEqual([200, 200, 429]);
    expect(sumOf(await weir.metrics(), "weir_xds_updates_total", { result: "refused" })).toBeGreaterThan(0);
  });

  it("a broken resource that is sent again and again costs little, and is mended within a second", async () => {
    const from = await spentClient();
    const bank = { name: "bank", domain: "bank", descriptors: [{ key: "user", rate_limit: { requests_per_unit: 5 } }] };
    const refusals = async (): Promise<number> =>
      sumOf(await weir.metrics(), "weir_xds_updates_total", { result: "refused" });
    const [toldBefore, before] = [await refusals(), plane.requests.length];
    plane.set(rules(hourly(2)), bank);
    await until("it was refused four times", () => plane.requests.length >= before + 4 || undefined);
    expect(await refusals()).toBe(toldBefore + 1);
    plane.set(rules({ rate_limit: { unlimited: true } }));
    expect(await untilAnswered(200, from)).toBeLessThan(IN_FORCE_MILLIS);
  });

  it("costs that are known afterwards are taken from a bucket that a peek has asked before", async () => {
    await plane.answerTo(plane.set(rules(hourly(1_000), { key: "llm_user", ...TOKENS })));
    const ask = (tokens: number) =>
      envoy.get("/v1/chat", { from: newClient(), headers: { "x-user-id": "ann", "x-tokens": String(tokens) } });
    // The peek takes nothing, and the bucket is full.
    expect((await ask(2_000)).headers["x-ratelimit-remaining"]).toBe("6000");
    await until("the first cost is taken", async () => (await calls()) >= 2 || undefined);
    const second = await ask(9_000);
    expect(second.status).toBe(200);
    expect(Number(second.headers["x-ratelimit-remaining"])).toBeLessThan(6_000);
    await until("the second cost is taken", async () => (await calls()) >= 4 || undefined);
    // Which the bucket did not have: a debt.
    const third = await ask(1);
    expect(third.status).toBe(429);
    expect(third.headers["x-ratelimit-remaining"]).toBe("0");
  });
});

/** How many calls were answered for the rule of costs. */
async function calls(): Promise<number> {
  return sumOf(await weir.metrics(), "weir_decisions_total", { rule: "llm_user" });
}

describe("a control plane that restarts", () => {
  it("takes no rule along, is found again, and its first update counts", async () => {
    const from = await spentClient();
    plane.stop();
    await until(
      "the loss is noticed",
      async () => sumOf(await weir.metrics(), "weir_xds_connected") === 0 || undefined,
    );
    expect(await statuses(3, newClient())).toEqual([200, 200, 429]);
    expect(await statuses(1, from)).toEqual([429]);
    expect((await http(`${weir.httpUrl}/healthcheck`)).status).toBe(200);
    await plane.start(planeTls);
    plane.set(rules({ rate_limit: { unlimited: true } }));
    await until("it is found again", () => plane.streams > 0 || undefined, 20_000);
    expect(await untilAnswered(200, from)).toBeLessThan(IN_FORCE_MILLIS);
    expect(sumOf(await weir.metrics(), "weir_xds_connected")).toBe(1);
  });
});

it("limits with that environment to the letter, so that Redis may take 10 ms and no longer", async () => {
  const where = { controlPlane: `localhost:${plane.port}`, redis: `127.0.0.1:${redis.port}`, certs };
  const exact = await startGatewayWeir({ ...where, storeTimeout: "" });
  const front = await startEnvoy({ weirPort: exact.grpcPort, edit }).catch(async (error) => {
    await exact.stop();
    throw error;
  });
  try {
    await plane.answerTo(plane.set(rules(hourly(2))));
    const from = newClient();
    // What a busy machine answers too late passes, and is not charged.
    await until("it is limited", async () => (await front.get("/", { from })).status === 429 || undefined);
    expect(await front.stat("cluster.services.ratelimit.over_limit")).toBeGreaterThan(0);
  } finally {
    await front.stop();
    await exact.stop();
  }
});

it("the metrics of the way to the control plane are those of docs/xds.md", async () => {
  const ofXds = [...metricsOf(await weir.metrics())].filter(([name]) => name.startsWith("weir_xds_"));
  expect(Object.fromEntries(ofXds)).toEqual(Object.fromEntries(documentedMetrics(readFileSync(PAGE, "utf8"))));
});
