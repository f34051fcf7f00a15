import { readFileSync } from "node:fs";

/**
 * How long a process was ready to run and had no processor to run on, since its start; milliseconds. Linux tells it in
 * /proc/<pid>/schedstat: time on a processor, time waiting for one, both in nanoseconds.
 */
export function runDelayMillis(pid: number): number {
  const [, waited] = readFileSync(`/proc/${pid}/schedstat`, "utf8").split(" ");
  return Number(waited) / 1_000_000;
}
