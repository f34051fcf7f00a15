import { afterAll, beforeAll, expect, it } from "vitest";
import { type Envoy, startEnvoy } from "../support/envoy.js";
import { callAllOf } from "../support/envoy-replicas.js";
import { evenLoad } from "../support/even-load.js";
import { sumOf } from "../support/metrics-text.js";
import { type RedisServer, startRedis } from "../support/redis-server.js";
import { type RulesFolder, writeRules } from "../support/rules-folder.js";
import { startWeir, type WeirProcess } from "../support/weir-process.js";

const LOAD_MILLIS = 30_000;
const PER_SECOND = 900;
/** A machine that is too busy for that rate takes longer, until all keys have come by twice. */
const LEAST_REQUESTS = 26_000;
const CLIENTS = 48;

const HOT_BURST = 1_000;
const KEYS = 10_000;
const KEY_BURST = 2;
/** One in so many requests is for the hot key. */
const HOT_SHARE = 6;

// Years, so that no token comes back meanwhile: the sum is exact.
const RULES = `
domain: shop
descriptors:
  - { key: path, value: /hot, rate_limit: { unit: year, requests_per_unit: ${HOT_BURST} } }
  - { key: path, rate_limit: { unit: year, requests_per_unit: ${KEY_BURST} } }
`;

let redis: RedisServer;
let rules: RulesFolder;
let weirs: WeirProcess[];
let envoys: Envoy[];

beforeAll(async () => {
  rules = await writeRules(RULES);
  redis = await startRedis();
  const settings = { rules: rules.path, redisUrl: redis.url, env: { WEIR_STORE_TIMEOUT: "4s" } };
  weirs = await Promise.all(Array.from({ length: 4 }, () => startWeir(settings)));
  // Envoy's calls go to all four in turn.
  const edit = callAllOf(weirs.map(({ grpcPort }) => grpcPort));
  envoys = await Promise.all([0, 1].map(() => startEnvoy({ weirPort: weirs[0]!.grpcPort, edit })));
});

afterAll(async () => {
  await Promise.all((envoys ?? []).map((envoy) => envoy.stop()));
  await Promise.all((weirs ?? []).map((weir) => weir.stop()));
  await redis?.stop();
  await rules?.remove();
});

/** What was asked of a path, and what came back. */
interface PathCount {
  offered: number;
  admitted: number;
  refused: number;
}

/** Clients that ask both Envoys in turn for as long as the load lasts, at a steady rate. */
async function load(): Promise<Map<string, PathCount>> {
  const answers = await evenLoad({
    urlOf: (index) => `${envoys[index % 2]!.url}${pathOf(index)}`,
    perSecond: PER_SECOND,
    clients: CLIENTS,
    isOver: (index, elapsedMillis) => elapsedMillis >= LOAD_MILLIS && index >= LEAST_REQUESTS,
  });
  const counts = new Map<string, PathCount>();
  for (const { path, status } of answers) {
    const count = counts.get(path) ?? { offered: 0, admitted: 0, refused: 0 };
    counts.set(path, count);
    count.offered += 1;
    if (status === 200) count.admitted += 1;
    if (status === 429) count.refused += 1;
  }
  return counts;
}

function pathOf(index: number): string {
  if (index % HOT_SHARE === 0) return "/hot";
  // All keys in turn: each comes by again and again, from both Envoys.
  return `/key/${(index - Math.ceil(index / HOT_SHARE)) % KEYS}`;
}

it("four replicas behind two Envoys admit what one would, over 30 s on one hot key and 10,000 others", async () => {
  const counts = await load();
  const hot = counts.get("/hot")!;
  const keys = [...counts].filter(([path]) => path !== "/hot").map(([, count]) => count);
  const sum = (figure: (count: PathCount) => number): number => keys.reduce((total, key) => total + figure(key), 0);
  process.stdout.write(
    `hot key: ${hot.offered} offered, ${hot.admitted} admitted; ${keys.length} keys: ` +
      `${sum(({ offered }) => offered)} offered, ${sum(({ admitted }) => admitted)} admitted\n`,
  );
  expect(keys.length).toBe(KEYS);
  expect(hot.offered).toBeGreaterThan(2 * HOT_BURST);
  expect(hot.admitted).toBe(HOT_BURST);
  for (const { offered, admitted, refused } of [hot, ...keys]) expect(admitted + refused).toBe(offered);
  expect(sum(({ admitted }) => admitted)).toBe(sum(({ offered }) => Math.min(offered, KEY_BURST)));
  expect(keys.every(({ offered, admitted }) => admitted === Math.min(offered, KEY_BURST))).toBe(true);
  // Each replica had its part, counted what it did, and nothing was let through for want of one.
  const texts = await Promise.all(weirs.map((weir) => weir.metrics()));
  const decided = (outcome: string): number[] =>
    texts.map((text) => sumOf(text, "weir_request_duration_seconds_count", { outcome }));
  const total = (of: readonly number[]): number => of.reduce((all, one) => all + one, 0);
  expect(total(decided("ok"))).toBe(hot.admitted + sum(({ admitted }) => admitted));
  expect(total(decided("over_limit"))).toBe(hot.refused + sum(({ refused }) => refused));
  expect(decided("ok").every((count) => count > total(decided("ok")) / 8)).toBe(true);
  for (const envoy of envoys) expect(await envoy.stat("cluster.services.ratelimit.failure_mode_allowed")).toBe(0);
}, 180_000);
