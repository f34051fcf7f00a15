import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { sumOf } from "../metrics-text.js";
import { until } from "../until.js";
import type { WeirProcess } from "../weir-process.js";

const COLLECT_ON_SIGNAL = pathToFileURL(resolve(import.meta.dirname, "../collect-on-signal.mjs"));

/** What a Node program needs in its environment for `bytesKept`. */
export const COLLECTING = { NODE_OPTIONS: `--import=${COLLECT_ON_SIGNAL.href}` };

/** Node does not count a collection that comes while another one is being prepared: then one more is asked for. */
const ASK_AGAIN_MILLIS = 500;

/** What a Weir that was started with `COLLECTING` holds after a collection: its heap, and buffers outside of it. */
export async function bytesKept(weir: Pick<WeirProcess, "pid" | "metrics">): Promise<number> {
  const collections = (metrics: string): number =>
    sumOf(metrics, "nodejs_gc_duration_seconds_count", { kind: "major" });
  const before = collections(await weir.metrics());
  let askedMillis = Number.NEGATIVE_INFINITY;
  const metrics = await until("its garbage is collected", async () => {
    if (performance.now() - askedMillis > ASK_AGAIN_MILLIS) {
      askedMillis = performance.now();
      process.kill(weir.pid, "SIGUSR2");
    }
    const text = await weir.metrics();
    return collections(text) > before ? text : undefined;
  });
  return sumOf(metrics, "nodejs_heap_size_used_bytes") + sumOf(metrics, "nodejs_external_memory_bytes");
}

/** The memory that a process has of the system. */
export function residentBytes(pid: number): number {
  return statusLine(pid, "VmRSS");
}

/** The most it ever had. */
export function peakResidentBytes(pid: number): number {
  return statusLine(pid, "VmHWM");
}

function statusLine(pid: number, name: string): number {
  const [, kilobytes] =
    new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  if (kilobytes === undefined) throw new Error(`/proc/${pid}/status does not tell ${name}`);
  return Number(kilobytes) * 1024;
}
