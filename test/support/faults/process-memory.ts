import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { pathToFileURL } from "node:url";

const COLLECT_ON_SIGNAL = pathToFileURL(resolve(import.meta.dirname, "../collect-on-signal.mjs"));

/** What a Node program needs in its environment for `collectGarbage`. */
export const COLLECTING = { NODE_OPTIONS: `--import=${COLLECT_ON_SIGNAL.href}` };

/** How long a collection of a small heap takes at the most, on a busy machine. */
const COLLECTION_MILLIS = 50;

/** Has a program that was started with `COLLECTING` collect its garbage. */
export async function collectGarbage(pid: number): Promise<void> {
  process.kill(pid, "SIGUSR2");
  await pause(COLLECTION_MILLIS);
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
