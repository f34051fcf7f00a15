import { readFileSync } from "node:fs";

/**
 * How long a process was ready to run and had no processor to run on, since its start; milliseconds. Linux tells it in
 * /proc/<pid>/schedstat: time on a processor, time waiting for one, both in nanoseconds.
 * @returns undefined when the process has ended
 */
export function runDelayMillis(pid: number): number | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/schedstat`, "utf8");
  } catch (error) {
    // ESRCH: it ended between opening and reading.
    if (["ENOENT", "ESRCH"].includes((error as NodeJS.ErrnoException).code ?? "")) return undefined;
    throw error;
  }
  const [, waited] = text.split(" ");
  return Number(waited) / 1_000_000;
}
