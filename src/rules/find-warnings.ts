import type { Fault } from "./faults.js";
import type { Place } from "./read-document.js";
import type { Locator } from "./source-file.js";

/** Keys of a rate that say nothing beside `unlimited: true`; `unit` is an error there. */
const KEYS_OF_A_RATE = ["requests_per_unit", "unit_multiplier", "burst", "max_debt"];

/** What is legal but surely not meant. */
export function findWarnings(root: Place, locator: Locator): Fault[] {
  const faults: Fault[] = [];
  visitDescriptors(root);
  return faults;

  function visitDescriptors(parent: Place): void {
    for (const descriptor of parent.children?.get("descriptors")?.children?.values() ?? []) {
      const limit = descriptor.children?.get("rate_limit");
      if (limit?.children?.get("unlimited")?.value === true) warnOfRate(limit);
      visitDescriptors(descriptor);
    }
  }

  function warnOfRate(limit: Place): void {
    for (const key of KEYS_OF_A_RATE) {
      const place = limit.children?.get(key);
      if (place === undefined || place.value === null) continue;
      faults.push(
        locator.faultAt("warning", place.keyOffset ?? place.offset, `${key} has no effect: the limit is unlimited`),
      );
    }
  }
}
