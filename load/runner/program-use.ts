/** One look at a program. */
export interface Sample {
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
  /** The mean of its memory over the middle and the last third of the run, bytes. NaN with too few looks. */
  readonly middleThirdBytes: number;
  readonly lastThirdBytes: number;
}

/** The mean of a part of a run, between shares of it. */
function meanBytes(samples: readonly Sample[], from: number, to: number): number {
  const part = samples.slice(Math.round(from * samples.length), Math.round(to * samples.length));
  return part.reduce((sum, sample) => sum + sample.residentBytes, 0) / part.length;
}

/** @param samples of the whole run, in their order */
export function useOf(name: string, samples: readonly Sample[]): ProgramUse {
  const [first, middle, last] = [samples[0], samples[samples.length >> 1], samples.at(-1)];
  if (first === undefined || middle === undefined || last === undefined) {
    const none = Number.NaN;
    return { name, cores: 0, residentBytes: [0, 0, 0, 0], middleThirdBytes: none, lastThirdBytes: none };
  }
  const seconds = last.atSeconds - first.atSeconds;
  return {
    name,
    cores: seconds > 0 ? (last.cpuSeconds - first.cpuSeconds) / seconds : 0,
    residentBytes: [
      first.residentBytes,
      middle.residentBytes,
      last.residentBytes,
      samples.reduce((most, sample) => Math.max(most, sample.residentBytes), 0),
    ],
    middleThirdBytes: meanBytes(samples, 1 / 3, 2 / 3),
    lastThirdBytes: meanBytes(samples, 2 / 3, 1),
  };
}
