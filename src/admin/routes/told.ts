import type { Digest, OverrideEntry } from "../../engine/override-index.js";
import type { Entry, RateLimit } from "../../rules/rule.js";
import type { AdminOverride, Decree } from "../controls/control-document.js";
import type { LiveControls } from "../controls/live-controls.js";

/** A time as the API tells it. */
function toldTime(millis: number): string {
  return new Date(millis).toISOString();
}

/** A descriptor as it may be seen. */
export function toldEntries(entries: readonly Entry[], digest: Digest | undefined): OverrideEntry[] {
  return entries.map(({ key, value }) => (digest === undefined ? { key, value } : { key, digest: digest(value) }));
}

function toldDecree({ who, why, sinceMillis, untilMillis }: Decree) {
  return { who, why, since: toldTime(sinceMillis), until: toldTime(untilMillis) };
}

export function toldOverride(override: AdminOverride) {
  const { id, domain, descriptor, limit } = override;
  return { id, domain, descriptor, limit, ...toldDecree(override) };
}

export function toldEnforcement({ document, reach }: LiveControls) {
  const { pause } = document;
  return pause === undefined ? { paused: false, reach } : { paused: true, reach, ...toldDecree(pause) };
}

/** A limit with a rate. */
export function toldLimit({ name, requestsPerUnit, unit, unitMultiplier, bucket }: RateLimit) {
  return {
    ...(name === "" ? {} : { name }),
    algorithm: bucket.algorithm,
    requestsPerUnit,
    unit,
    ...(unitMultiplier === 1 ? {} : { unitMultiplier }),
    burst: bucket.burst,
  };
}
