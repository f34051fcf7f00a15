import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { GrpcClient } from "../support/grpc-client.js";
import { sumOf } from "../support/metrics-text.js";
import { startWeir, type WeirProcess } from "../support/weir-process.js";

const RULES = `
domain: crowd
descriptors:
  - key: client
    detailed_metric: true
    rate_limit: { requests_per_unit: 1, unit: hour }
  - key: tenant
    value_to_metric: true
    descriptors:
      - key: path
        rate_limit: { requests_per_unit: 1, unit: hour }
`;
const MILLION = 1_000_000;
const PER_REQUEST = 200;
/** The most that /metrics may be. */
const PAGE_BYTES = 200_000;

let folder: string;
let weir: WeirProcess;
let client: GrpcClient;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "weir-crowd-"));
});

afterEach(async () => {
  client.close();
  await weir.stop();
  await rm(folder, { recursive: true });
});

async function serve(rules: string, env: Readonly<Record<string, string>>): Promise<void> {
  await writeFile(join(folder, "rules.yaml"), rules);
  weir = await startWeir({ rules: join(folder, "rules.yaml"), env: { WEIR_STORE_TIMEOUT: "5s", ...env } });
  client = new GrpcClient(weir.grpcPort);
}

/** One length of protocol buffers. */
function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest >>>= 7) bytes.push((rest & 127) | 128);
  return Buffer.from([...bytes, rest]);
}

function field(number: number, content: Buffer): Buffer {
  return Buffer.concat([varint((number << 3) | 2), varint(content.length), content]);
}

/** A RateLimitRequest about one descriptor for each map of entries, written by hand: a million of them take seconds. */
function requestBytes(descriptors: readonly Readonly<Record<string, string>>[]): Buffer {
  const messages = descriptors.map((entries) => {
    const parts = Object.entries(entries).map(([key, value]) =>
      field(1, Buffer.concat([field(1, Buffer.from(key)), field(2, Buffer.from(value))])),
    );
    return field(2, Buffer.concat(parts));
  });
  return Buffer.concat([field(1, Buffer.from("crowd")), ...messages]);
}

/** Asks about values number `from` to `to`, some requests at a time. */
async function crowd(from: number, to: number, entriesOf: (n: number) => Record<string, string>): Promise<void> {
  let next = from;
  const asker = async (): Promise<void> => {
    while (next < to) {
      const first = next;
      next += PER_REQUEST;
      const numbers = Array.from({ length: Math.min(PER_REQUEST, to - first) }, (_, index) => first + index);
      await client.shouldRateLimitBytes(requestBytes(numbers.map(entriesOf)));
    }
  };
  await Promise.all(Array.from({ length: 8 }, asker));
}

describe("whatever clients send", () => {
  it("a million different values leave /metrics under 200 KB, and memory flat", async () => {
    await serve(RULES, { WEIR_MEMORY_MAX_BUCKETS: "20000" });
    const address = (n: number) => ({ client: `10.${n >> 16}.${(n >> 8) & 255}.${n & 255}` });
    await crowd(0, MILLION / 4, address);
    const memoryBefore = sumOf(await weir.metrics(), "process_resident_memory_bytes");
    await crowd(MILLION / 4, MILLION, address);
    // The first ones again, which have labels of their own, until they are refused: more series for each.
    for (let round = 0; round < 2; round++) await crowd(0, 1_000, address);
    const metrics = await weir.metrics();
    expect(Buffer.byteLength(metrics)).toBeLessThan(PAGE_BYTES);
    expect(sumOf(metrics, "weir_decisions_total", { domain: "crowd" })).toBe(MILLION + 2_000);
    expect(sumOf(metrics, "weir_decisions_total", { rule: "client" })).toBeGreaterThan(MILLION - 2_000);
    const estimated = sumOf(metrics, "weir_active_keys");
    expect(Math.abs(estimated - MILLION) / MILLION).toBeLessThan(0.06);
    expect(sumOf(metrics, "process_resident_memory_bytes") - memoryBefore).toBeLessThan(60_000_000);
  }, 120_000);

  it("long and odd values in every place that shows them leave it under 200 KB", async () => {
    await serve(RULES, {});
    const odd = ['"', "\\", "\n", "é", "𝄞", "{}"];
    const value = (n: number) => `${n}${(odd[n % odd.length] ?? "").repeat(1 + (n % 400))}`;
    for (let round = 0; round < 3; round++) {
      await crowd(0, 2_000, (n) => ({ client: value(n) }));
      await crowd(0, 2_000, (n) => ({ tenant: value(n), path: "/" }));
    }
    const metrics = await weir.metrics();
    expect(Buffer.byteLength(metrics)).toBeLessThan(PAGE_BYTES);
    expect(sumOf(metrics, "weir_decisions_total", { domain: "crowd" })).toBe(12_000);
  });
});

describe("with many rules", () => {
  it("those beyond the setting are counted together", async () => {
    const rules = Array.from({ length: 400 }, (_, rule) => {
      return `  - key: k${rule}\n    rate_limit: { requests_per_unit: 1, unit: hour }\n`;
    });
    await serve(`domain: crowd\ndescriptors:\n${rules.join("")}`, { WEIR_METRICS_MAX_RULES: "100" });
    await crowd(0, 400, (n) => ({ [`k${n}`]: "x" }));
    const metrics = await weir.metrics();
    expect(metrics.match(/^weir_decisions_total\{/gm)).toHaveLength(101);
    expect(sumOf(metrics, "weir_decisions_total", { domain: "(other)", rule: "(other)", outcome: "ok" })).toBe(300);
    expect(sumOf(metrics, "weir_decisions_total")).toBe(400);
  });
});
