import { valueAt } from "./descriptor-places.js";
import { formatNetwork, readNetwork } from "./network.js";
import type { Place } from "./read-document.js";
import type { StepPattern } from "./step-kind.js";

/** What a descriptor takes, as far as it is valid: an empty value is none, a network is in its one short form. */
export function patternOf(descriptor: Place): StepPattern | undefined {
  const key = valueAt(descriptor, "key");
  if (typeof key !== "string") return undefined;
  const [value, cidr, regex] = ["value", "cidr", "regex"].map((name) => {
    const written = valueAt(descriptor, name);
    return typeof written === "string" && written !== "" ? written : undefined;
  });
  const network = cidr === undefined ? undefined : readNetwork(cidr);
  return {
    key,
    ...(value !== undefined && { value }),
    ...(cidr !== undefined && { cidr: network === undefined ? cidr : formatNetwork(network) }),
    ...(regex !== undefined && { regex }),
  };
}
