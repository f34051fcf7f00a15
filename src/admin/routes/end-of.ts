import { ApiError } from "../api/api-route.js";
import { MAX_SECONDS } from "../api/request-schemas.js";

/** How long something is to last, as requests say it: one of the two. */
export interface Lasting {
  readonly until?: string | undefined;
  readonly forSeconds?: number | undefined;
}

/**
 * When it ends, milliseconds since the epoch.
 * @throws ApiError for a moment that is past, or too far away
 */
export function endMillisOf({ until, forSeconds }: Lasting, nowMillis: number): number {
  if (until === undefined) return Math.round(nowMillis + (forSeconds ?? 0) * 1_000);
  const millis = Date.parse(until);
  if (!(millis > nowMillis)) {
    throw new ApiError(422, `until is past already: it is ${new Date(nowMillis).toISOString()}`, "until");
  }
  if (millis > nowMillis + MAX_SECONDS * 1_000) {
    throw new ApiError(422, `until is more than ${MAX_SECONDS / 86_400} days away: that is for a rule to say`, "until");
  }
  return millis;
}
