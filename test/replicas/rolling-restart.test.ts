import { afterAll, beforeAll, expect, it } from "vitest";
import { type Envoy, startEnvoy } from "../support/envoy.js";
import { callAllOf } from "../support/envoy-replicas.js";
import { evenLoad, type LoadAnswer } from "../support/even-load.js";
import { freePort } from "../support/free-port.js";
import { sumOf } from "../support/metrics-text.js";
import { type RedisServer, startRedis } from "../support/redis-server.js";
import { type RulesFolder, writeRules } from "../support/rules-folder.js";
import { until } from "../support/until.js";
import { startWeir, type WeirProcess } from "../support/weir-process.js";

const PER_SECOND = 300;
const CLIENTS = 32;
/** What a Weir must have answered before the next one goes. */
const CALLS_BETWEEN = 100;
/** A delay of 5 s, as envoy/envoy.yaml says, and calls in flight. */
const STOP_MILLIS = 15_000;

const BRISK = { path: "/brisk", burst: 80, perSecond: 40 };
const YEARLY = { path: "/yearly", burst: 500 };
const PATHS = [BRISK.path, YEARLY.path, "/open"];

// A year gives nothing back meanwhile. /open is never refused: were it let through for want of an answer, that would not show.
const RULES = `
domain: shop
descriptors:
  - { key: path, value: ${BRISK.path}, rate_limit: { unit: second, requests_per_unit: ${BRISK.perSecond}, burst: ${BRISK.burst} } }
  - { key: path, value: ${YEARLY.path}, rate_limit: { unit: year, requests_per_unit: ${YEARLY.burst} } }
  - { key: path, value: /open, rate_limit: { unit: second, requests_per_unit: 100000 } }
`;

let redis: RedisServer;
let rules: RulesFolder;
let ports: number[];
let weirs: WeirProcess[];
let envoy: Envoy;

function startReplica(grpcPort: number): Promise<WeirProcess> {
  const env = { WEIR_SHUTDOWN_DELAY: "5s", WEIR_STORE_TIMEOUT: "2s" };
  return startWeir({ rules: rules.path, redisUrl: redis.url, grpcPort, env });
}

beforeAll(async () => {
  rules = await writeRules(RULES);
  redis = await startRedis();
  ports = [await freePort(), await freePort()];
  weirs = await Promise.all(ports.map(startReplica));
  envoy = await startEnvoy({ weirPort: ports[0]!, rateLimitTimeout: "2s", edit: callAllOf(ports) });
});

afterAll(async () => {
  await envoy?.stop();
  await Promise.all((weirs ?? []).map(({ pid, ended }) => ended() === undefined && process.kill(pid, "SIGKILL")));
  await redis?.stop();
  await rules?.remove();
});

/** Both replicas are in use. */
async function untilBothServe(): Promise<void> {
  const calls = async (weir: WeirProcess): Promise<number> =>
    sumOf(await weir.metrics(), "weir_request_duration_seconds_count");
  const before = await Promise.all(weirs.map(calls));
  await until("Envoy sees both replicas healthy and calls them", async () => {
    if ((await envoy.stat("cluster.weir.membership_healthy")) !== weirs.length) return undefined;
    const after = await Promise.all(weirs.map(calls));
    return after.every((count, index) => count - before[index]! >= CALLS_BETWEEN) ? true : undefined;
  });
}

/** SIGTERM, and when it has ended by itself a new one in its place. */
async function restart(index: number): Promise<void> {
  const old = weirs[index]!;
  process.kill(old.pid, "SIGTERM");
  await until("the replica has ended", () => old.ended(), STOP_MILLIS);
  expect(old.ended(), old.output()).toBe(0);
  weirs[index] = await startReplica(ports[index]!);
}

/** Requests for all paths in turn, through this Envoy, until `during` has ended. */
async function loadDuring({ url }: Envoy, during: () => Promise<void>): Promise<readonly LoadAnswer[]> {
  let isOver = false;
  const urlOf = (index: number): string => `${url}${PATHS[index % PATHS.length]}`;
  const load = evenLoad({ urlOf, perSecond: PER_SECOND, clients: CLIENTS, isOver: () => isOver });
  try {
    await during();
  } finally {
    isOver = true;
    await load;
  }
  return await load;
}

function countOf(answers: readonly LoadAnswer[], status: number): number {
  return answers.filter((answer) => answer.status === status).length;
}

/** Every request has an answer, and Weir gave it. */
async function expectNoneLost(through: Envoy, answers: readonly LoadAnswer[]): Promise<void> {
  const failed = answers.filter(({ status }) => status !== 200 && status !== 429);
  expect(failed.map(({ status, words }) => `${status} ${words}`)).toEqual([]);
  const names = ["services.ratelimit.error", "services.ratelimit.failure_mode_allowed", "weir.upstream_rq_timeout"];
  for (const name of names) expect(await through.stat(`cluster.${name}`), name).toBe(0);
  expect(await through.stat("cluster.services.ratelimit.ok")).toBe(countOf(answers, 200));
  expect(await through.stat("cluster.services.ratelimit.over_limit")).toBe(countOf(answers, 429));
}

/** A bucket that refills admits what time and burst give, no more, and as long as it refuses some no less (D3). */
function expectExact(answers: readonly LoadAnswer[], burst: number, perSecond: number): void {
  const admitted = answers.filter(({ status }) => status === 200);
  const refused = answers.filter(({ status }) => status === 429);
  const sent = (of: readonly LoadAnswer[]): number[] => of.map(({ sentMillis }) => sentMillis);
  const answered = (of: readonly LoadAnswer[]): number[] => of.map(({ answeredMillis }) => answeredMillis);
  // At most from the first request to the last answer, at least between two refusals, when the bucket was empty.
  const longest = Math.max(...answered(admitted)) - Math.min(...sent(answers));
  const shortest = Math.max(...sent(refused)) - Math.min(...answered(refused));
  expect(admitted.length).toBeLessThanOrEqual(burst + (perSecond * longest) / 1000);
  expect(admitted.length).toBeGreaterThanOrEqual(burst + (perSecond * shortest) / 1000 - 1);
}

it("no request is lost or let through unlimited while each replica is restarted in turn", async () => {
  const answers = await loadDuring(envoy, async () => {
    await untilBothServe();
    for (const index of ports.keys()) {
      await restart(index);
      await untilBothServe();
    }
  });
  await expectNoneLost(envoy, answers);
  const at = (path: string): LoadAnswer[] => answers.filter((answer) => answer.path === path);
  expect(countOf(at(YEARLY.path), 200)).toBe(YEARLY.burst);
  expect(countOf(at(YEARLY.path), 429)).toBeGreaterThan(YEARLY.burst);
  expect(countOf(at("/open"), 429)).toBe(0);
  expectExact(at(BRISK.path), BRISK.burst, BRISK.perSecond);
}, 120_000);

// A replica that stops has no calls any more when it says goodbye. Here it has: calls cross the goodbye on their way.
it("no call is lost when Weir ends connections that are in use", async () => {
  const weir = await startWeir({ rules: rules.path, env: { WEIR_GRPC_MAX_CONNECTION_AGE: "200ms" } });
  const through = await startEnvoy({ weirPort: weir.grpcPort, rateLimitTimeout: "2s" });
  try {
    const connections = (): Promise<number> => through.stat("cluster.weir.upstream_cx_http2_total");
    const answers = await loadDuring(through, async () => {
      await until("Weir has ended 10 connections", async () => ((await connections()) > 10 ? true : undefined), 60_000);
    });
    await expectNoneLost(through, answers);
  } finally {
    await through.stop();
    await weir.stop();
  }
}, 120_000);
