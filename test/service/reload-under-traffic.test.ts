import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { GrpcClient, type Message } from "../support/grpc-client.js";
import { sumOf } from "../support/metrics-text.js";
import { until } from "../support/until.js";
import { startWeir, type WeirProcess } from "../support/weir-process.js";

const RELOADS = 1_000;
const CALLERS = 4;
const MEGABYTE = 2 ** 20;
const COLLECT_ON_SIGNAL = pathToFileURL(resolve(import.meta.dirname, "../support/collect-on-signal.mjs"));

let folder: string;
let weir: WeirProcess;
let client: GrpcClient;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "weir-reloads-"));
  await writeVersion(0);
  weir = await startWeir({
    rules: folder,
    env: { WEIR_LOG_LEVEL: "warn", NODE_OPTIONS: `--import ${COLLECT_ON_SIGNAL}` },
  });
  client = new GrpcClient(weir.grpcPort);
});

afterEach(async () => {
  client.close();
  expect(await weir.stop()).toBe(0);
  await rm(folder, { recursive: true });
});

/** Two rules that name their version, and one that is another rule each time. */
async function writeVersion(version: number): Promise<void> {
  const limit = `{ unit: hour, requests_per_unit: 1000000, name: v${version} }`;
  const rules = ["key: client", "key: path", `key: tenant\n    value: t${version}`];
  const text = rules.map((rule) => `  - ${rule}\n    rate_limit: ${limit}\n`).join("");
  await writeFile(join(folder, "new"), `domain: shop\ndescriptors:\n${text}`);
  await rename(join(folder, "new"), join(folder, "rules.yaml"));
}

/** Callers that ask without a pause until they are stopped. */
class Traffic {
  answers = 0;
  /** The version that the last answer came from. */
  version = 0;
  readonly problems: string[] = [];
  readonly #callers: Promise<void>[];
  #stopping = false;

  constructor() {
    this.#callers = Array.from({ length: CALLERS }, () => this.#call());
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await Promise.all(this.#callers);
  }

  async #call(): Promise<void> {
    while (!this.#stopping) {
      const entries = [
        [{ key: "client", value: `c${this.answers % 100}` }],
        [{ key: "tenant", value: `t${this.version}` }],
        [{ key: "path", value: "/" }],
      ];
      try {
        const request = { domain: "shop", descriptors: entries.map((each) => ({ entries: each })) };
        this.#judge(await client.shouldRateLimit(request));
      } catch (error) {
        this.problems.push(String(error));
      }
    }
  }

  #judge({ overall_code, statuses }: Message): void {
    this.answers++;
    const names = (statuses as Message[]).map(({ current_limit }) => (current_limit as Message | null)?.name);
    const versions = new Set(names.filter((name) => name !== undefined));
    if (overall_code !== "OK" || versions.size !== 1) this.problems.push(`${overall_code} by ${names.join()}`);
    this.version = Number(String(names[0]).slice(1));
  }
}

/** Writes a version, and waits until an answer came from it. */
async function reloadTo(version: number, traffic: Traffic): Promise<void> {
  await writeVersion(version);
  process.kill(weir.pid, "SIGHUP");
  const giveUpAt = performance.now() + 10_000;
  while (traffic.version !== version) {
    if (performance.now() > giveUpAt) throw new Error(`version ${version} did not come into force`);
    await new Promise((go) => setTimeout(go, 1));
  }
}

/** Bytes of objects in use: the least that is seen after garbage was collected, while nobody asks. */
async function heapInUse(): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let sample = 0; sample < 5; sample++) {
    process.kill(weir.pid, "SIGUSR2");
    least = Math.min(least, sumOf(await weir.metrics(), "nodejs_heap_size_used_bytes"));
  }
  return least;
}

/** Reloads up to a version under traffic that must not notice. Gives the number of answers. */
async function reloadUpTo(last: number, from: number): Promise<number> {
  const traffic = new Traffic();
  for (let version = from + 1; version <= last; version++) await reloadTo(version, traffic);
  await traffic.stop();
  expect(traffic.problems).toEqual([]);
  return traffic.answers;
}

describe("a thousand reloads under traffic", () => {
  it("fail no request, show each request one version only, and leave memory and metrics as they were", async () => {
    await reloadUpTo(RELOADS / 5, 0);
    const before = await heapInUse();
    const answers = await reloadUpTo(RELOADS, RELOADS / 5);
    expect(answers).toBeGreaterThan(RELOADS);
    // Buckets of rules that are gone stay until they are full: one each, of less than 1 KiB.
    expect((await heapInUse()) - before).toBeLessThan(2 * MEGABYTE);
    const metrics = await weir.metrics();
    expect(sumOf(metrics, "weir_rules_reloads_total", { result: "ok" })).toBe(RELOADS);
    expect(sumOf(metrics, "weir_rules_reloads_total", { result: "error" })).toBe(0);
    const series = metrics.split("\n").filter((line) => line.startsWith("weir_decisions_total{"));
    expect(series.length).toBeLessThan(12);
  }, 120_000);

  it("come one after the other when they are asked for all at once, and the last state is in force", async () => {
    const traffic = new Traffic();
    for (let version = 1; version <= 20; version++) {
      await writeVersion(version);
      process.kill(weir.pid, "SIGHUP");
    }
    await until("the last version is in force", () => (traffic.version === 20 ? true : undefined));
    await traffic.stop();
    expect(traffic.problems).toEqual([]);
  });
});
