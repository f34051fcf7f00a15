import type { Check } from "./check.js";
import type { ProgramUse } from "./program-use.js";

/** In a shorter soak the heap still grows to its working size in what should be its steady part. */
export const SHORTEST_SOAK_SECONDS = 180;

/** How much more memory a Weir may have in the last third of a soak than in the middle one, as a share of it. */
const GROWTH_TOLERANCE = 0.1;

const megabytes = (bytes: number): string => (bytes / 1_000_000).toFixed(1);

/** Whether the memory of each Weir has stopped growing. */
export function memoryChecks(programs: readonly ProgramUse[]): readonly Check[] {
  const weirs = programs.filter(({ name }) => name.startsWith("weir "));
  if (weirs.length === 0)
    return [{ what: "memory does not keep growing", passed: false, found: "no Weir was watched" }];
  return weirs.map(({ name, middleThirdBytes: middle, lastThirdBytes: last }) => ({
    what: `${name}: memory does not keep growing`,
    passed: last <= middle * (1 + GROWTH_TOLERANCE),
    found:
      `${megabytes(middle)} MB on average in the middle third, ${megabytes(last)} MB in the last; ` +
      `at most ${GROWTH_TOLERANCE * 100} % more should be`,
  }));
}
