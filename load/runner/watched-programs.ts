import { cpuSeconds } from "../../bench/process-cpu.mjs";
import { residentBytes } from "../../test/support/faults/process-memory.js";
import { type ProgramUse, type Sample, useOf } from "./program-use.js";

const LOOK_MILLIS = 500;

/** Looks at programs twice a second, for as long as they run. */
export class WatchedPrograms {
  readonly #samples: ReadonlyMap<string, { readonly pid: number; readonly samples: Sample[] }>;
  readonly #timer: NodeJS.Timeout;

  constructor(pids: Readonly<Record<string, number>>) {
    this.#samples = new Map(Object.entries(pids).map(([name, pid]) => [name, { pid, samples: [] }]));
    this.#look();
    this.#timer = setInterval(() => this.#look(), LOOK_MILLIS);
  }

  /** Looks no more, and tells. */
  end(): readonly ProgramUse[] {
    clearInterval(this.#timer);
    return [...this.#samples].map(([name, { samples }]) => useOf(name, samples));
  }

  #look(): void {
    const atSeconds = performance.now() / 1000;
    for (const { pid, samples } of this.#samples.values()) {
      try {
        samples.push({ atSeconds, cpuSeconds: cpuSeconds(pid), residentBytes: residentBytes(pid) });
      } catch {
        // It has ended; k6 is the first to.
      }
    }
  }
}
