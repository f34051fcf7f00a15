import { allDescriptors, descriptorsOf, keyOffsetOf, limitsOf, valueAt } from "./descriptor-places.js";
import type { FaultCode } from "./fault-codes.js";
import type { Fault } from "./faults.js";
import type { Place } from "./read-document.js";
import { isMap } from "./schema-fields.js";
import type { Locator } from "./source-file.js";

/** Keys of a rate that say nothing beside `unlimited: true`; `unit` is an error there. */
const KEYS_OF_A_RATE = ["requests_per_unit", "unit_multiplier", "burst", "max_debt", "algorithm"];

/** Keys that say how the limits of a descriptor work. */
const KEYS_ABOUT_LIMITS = ["shadow_mode", "quota_mode", "deny_response"];

/** Keys that say nothing where no descriptor can end. */
const KEYS_OF_A_RULE = ["detailed_metric", "metadata"];

/** What is legal in a descriptor but surely not meant. */
export function findWarnings(root: Place, locator: Locator): Fault[] {
  const faults: Fault[] = [];
  for (const descriptor of allDescriptors(root)) {
    const limits = limitsOf(descriptor);
    for (const limit of limits) warnOfLimit(limit);
    if (limits.length === 0) warnOfKeys(descriptor, KEYS_ABOUT_LIMITS, "the descriptor has no limit");
    else if (limits.every(isUnlimited)) warnOfKeys(descriptor, KEYS_ABOUT_LIMITS, "the limit is unlimited");
    if (limits.length === 0 && hasDescriptors(descriptor)) {
      warnOfKeys(descriptor, KEYS_OF_A_RULE, "the descriptor has no limit and no rule ends here");
    }
    if (isSet(descriptor, "value_to_metric") && isSet(descriptor, "share_threshold")) {
      const message = "value_to_metric has no effect: by share_threshold the metrics tell the pattern, not the value";
      add("metric-of-pattern", descriptor, "value_to_metric", message);
    }
  }
  return faults;

  function add(code: FaultCode, map: Place, key: string, message: string): void {
    faults.push(locator.faultAt(code, keyOffsetOf(map, key), message));
  }

  function warnOfLimit(limit: Place): void {
    if (isUnlimited(limit)) {
      for (const key of KEYS_OF_A_RATE) {
        if (valueAt(limit, key) === undefined) continue;
        add("rate-of-unlimited", limit, key, `${key} has no effect: the limit is unlimited`);
      }
    } else if (valueAt(limit, "burst") === 0 && valueAt(limit, "requests_per_unit") !== 0) {
      const message = "burst 0 refuses every request, whatever the rate; to ban, write requests_per_unit: 0";
      add("burst-below-one", limit, "burst", message);
    }
  }

  function warnOfKeys(descriptor: Place, keys: readonly string[], why: string): void {
    for (const key of keys) {
      if (isSet(descriptor, key)) add("flag-without-limit", descriptor, key, `${key} has no effect: ${why}`);
    }
  }
}

function isUnlimited(limit: Place): boolean {
  return valueAt(limit, "unlimited") === true;
}

function hasDescriptors(descriptor: Place): boolean {
  return [...descriptorsOf(descriptor)].length > 0;
}

/** Whether a flag is true, or a map is there. */
function isSet(descriptor: Place, key: string): boolean {
  const value = valueAt(descriptor, key);
  return value === true || isMap(value);
}
