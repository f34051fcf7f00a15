import type { Fault } from "./faults.js";
import { nearest } from "./nearest.js";
import { quote } from "./quote.js";

const TOP = "at the top of a file";
const DESCRIPTOR = "in a descriptor";
const LIMIT = "inside rate_limit";
const BUCKET = "inside token_bucket";
const RESPONSE = "inside deny_response";

/** Keys that envoyproxy/ratelimit knows, and where they belong. It takes them anywhere and ignores them elsewhere. */
const ER_KEYS: ReadonlyMap<string, string> = new Map([
  ["domain", TOP],
  ["descriptors", `${TOP} or ${DESCRIPTOR}`],
  ["key", DESCRIPTOR],
  ["value", DESCRIPTOR],
  ["rate_limit", DESCRIPTOR],
  ["shadow_mode", DESCRIPTOR],
  ["quota_mode", DESCRIPTOR],
  ["detailed_metric", DESCRIPTOR],
  ["value_to_metric", DESCRIPTOR],
  ["share_threshold", DESCRIPTOR],
  ["metadata", DESCRIPTOR],
  ["unit", LIMIT],
  ["requests_per_unit", LIMIT],
  ["unlimited", LIMIT],
  ["name", LIMIT],
  ["replaces", LIMIT],
]);

/** Keys of Weir alone, and where they belong. Elsewhere they are an error. */
const OWN_KEYS: ReadonlyMap<string, string> = new Map([
  ["algorithm", `${TOP} or ${LIMIT}`],
  ["cidr", DESCRIPTOR],
  ["regex", DESCRIPTOR],
  ["rate_limits", DESCRIPTOR],
  ["token_bucket", DESCRIPTOR],
  ["deny_response", DESCRIPTOR],
  ["burst", LIMIT],
  ["unit_multiplier", LIMIT],
  ["max_debt", LIMIT],
  ["max_tokens", BUCKET],
  ["tokens_per_fill", BUCKET],
  ["fill_interval", BUCKET],
  ["body", RESPONSE],
  ["headers", RESPONSE],
]);

/** Maps that envoyproxy/ratelimit does not know, so that it ignores nothing in them. */
const OWN_MAPS: ReadonlySet<string> = new Set(["token_bucket", "deny_response"]);

const ALL_KEYS = [...ER_KEYS.keys(), ...OWN_KEYS.keys()];

/**
 * What to say about a key that a map does not take.
 * @param where the map, such as `a descriptor`
 * @param known the keys that it takes
 */
export function judgeUnknownKey(key: string, where: string, known: readonly string[]): Pick<Fault, "code" | "message"> {
  const home = ER_KEYS.get(key);
  if (home !== undefined && !OWN_MAPS.has(where)) {
    return { code: "ignored-key", message: `${key} has no effect in ${where} and is ignored; it belongs ${home}` };
  }
  const ownHome = home ?? OWN_KEYS.get(key);
  if (ownHome !== undefined) {
    return { code: "misplaced-key", message: `${key} is not allowed in ${where}; it belongs ${ownHome}` };
  }
  return { code: "unknown-key", message: `unknown key ${quote(key)}; ${hint(key, where, known)}` };
}

function hint(key: string, where: string, known: readonly string[]): string {
  const here = nearest(key, known);
  if (here !== undefined) return `did you mean "${here}"?`;
  const elsewhere = nearest(key, ALL_KEYS);
  if (elsewhere !== undefined) {
    return `did you mean "${elsewhere}", which belongs ${ER_KEYS.get(elsewhere) ?? OWN_KEYS.get(elsewhere)}?`;
  }
  return `${where} takes ${known.join(", ")}`;
}
