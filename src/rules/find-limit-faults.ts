import type { Algorithm } from "../limits/limit.js";
import { algorithmOf } from "./algorithm.js";
import { allDescriptors, keyOffsetOf, limitListOf, limitsOf, valueAt } from "./descriptor-places.js";
import type { Fault } from "./faults.js";
import { unitOf } from "./period.js";
import type { Place } from "./read-document.js";
import type { Locator } from "./source-file.js";
import { SECONDS_PER_UNIT } from "./unit.js";

/** How a limit counts, and who says so. */
interface ChosenAlgorithm {
  readonly algorithm: Algorithm;
  readonly chosenBy: string;
}

/**
 * Errors in limits that the schema cannot see, since they depend on the file's algorithm or on another limit.
 * @param defaultAlgorithm that of files which do not say theirs
 */
export function findLimitFaults(root: Place, locator: Locator, defaultAlgorithm: Algorithm): Fault[] {
  const ofFile = algorithmOf(valueAt(root, "algorithm"));
  const common: ChosenAlgorithm =
    ofFile === undefined
      ? { algorithm: defaultAlgorithm, chosenBy: "by the server's default" }
      : { algorithm: ofFile, chosenBy: "by the file's algorithm" };
  const faults: Fault[] = [];
  for (const descriptor of allDescriptors(root)) {
    for (const limit of limitsOf(descriptor)) addBurstFault(limit);
    const list = limitListOf(descriptor);
    if (list.length > 1) addUnlimitedFaults(list);
    addSharedBuckets(list);
  }
  return faults;

  function algorithmOfLimit(limit: Place): ChosenAlgorithm {
    const own = algorithmOf(valueAt(limit, "algorithm"));
    return own === undefined ? common : { algorithm: own, chosenBy: "by its algorithm" };
  }

  function addBurstFault(limit: Place): void {
    const { algorithm, chosenBy } = algorithmOfLimit(limit);
    if (algorithm === "token_bucket" || valueAt(limit, "burst") === undefined) return;
    const message = `burst is for token_bucket, but this limit is a ${algorithm} ${chosenBy}; remove burst, or write algorithm: token_bucket`;
    faults.push(locator.faultAt("burst-in-window", keyOffsetOf(limit, "burst"), message));
  }

  function addUnlimitedFaults(limits: readonly Place[]): void {
    for (const limit of limits) {
      if (valueAt(limit, "unlimited") !== true) continue;
      const message = "unlimited among several limits would leave the others without effect; remove it, or the others";
      faults.push(locator.faultAt("unlimited-among-limits", keyOffsetOf(limit, "unlimited"), message));
    }
  }

  function addSharedBuckets(limits: readonly Place[]): void {
    const seen = new Map<string, Place>();
    for (const limit of limits) {
      const periodSeconds = periodSecondsOf(limit);
      if (periodSeconds === undefined || valueAt(limit, "unlimited") === true) continue;
      const { algorithm } = algorithmOfLimit(limit);
      const name = valueAt(limit, "name") ?? "";
      const identity = JSON.stringify([algorithm, periodSeconds, name]);
      const first = seen.get(identity);
      if (first === undefined) {
        seen.set(identity, limit);
        continue;
      }
      const { file, line, column } = locator.positionAt(first.offset);
      const same = name === "" ? "without a name" : `with the name ${JSON.stringify(name)}`;
      const message = `this limit would count in the same bucket as the one at ${file}:${line}:${column}: both are a ${algorithm} of ${periodSeconds} s ${same}; give each a name of its own`;
      faults.push(locator.faultAt("shared-bucket", limit.offset, message));
    }
  }
}

/** Undefined where the period is wrong or missing. */
function periodSecondsOf(limit: Place): number | undefined {
  const unit = valueAt(limit, "unit");
  const multiplier = valueAt(limit, "unit_multiplier") ?? 1;
  const known = typeof unit === "string" ? unitOf(unit) : undefined;
  return known !== undefined && typeof multiplier === "number" ? SECONDS_PER_UNIT[known] * multiplier : undefined;
}
