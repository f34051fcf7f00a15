import { cpuSeconds } from "../../bench/process-cpu.mjs";
import { residentBytes } from "../../test/support/faults/process-memory.js";

const LOOK_MILLIS = 500;

interface Sample {
  readonly atSeconds: number;
  readonly cpuSeconds: number;
  readonly residentBytes: number;
}

/** What a program used during a run. */
export interface ProgramUse {
  readonly name: string;
  /** Of one core, from 0 on. */
  readonly cores: number;
  /** Memory, bytes: at the first look, in the middle, at the last, and the most. */
  readonly residentBytes: readonly [first: number, middle: number, last: number, most: number];
}

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

function useOf(name: string, samples: readonly Sample[]): ProgramUse {
  const [first, middle, last] = [samples[0], samples[samples.length >> 1], samples.at(-1)];
  if (first === undefined || middle === undefined || last === undefined) {
    return { name, cores: 0, residentBytes: [0, 0, 0, 0] };
  }
  const seconds = last.atSeconds - first.atSeconds;
  return {
    name,
    cores: seconds > 0 ? (last.cpuSeconds - first.cpuSeconds) / seconds : 0,
    residentBytes: [
      first.residentBytes,
      middle.residentBytes,
      last.residentBytes,
      Math.max(...samples.map((sample) => sample.residentBytes)),
    ],
  };
}
