import type { DescriptorStatus } from "./decision.js";
import type { HeaderField } from "./header-field.js";

/** Headers about the limit that is nearest: envoyproxy/ratelimit's, each under a name that can be chosen. */
export interface StatusHeaderNames {
  /** Its requests_per_unit. Absent, as the others: not told. */
  readonly limit?: string;
  /** What is left of it. */
  readonly remaining?: string;
  /** Seconds until it is whole again, or until a refused request would fit. */
  readonly reset?: string;
}

/** Those headers; none where no descriptor met a limit. */
export function statusHeaders(
  statuses: readonly DescriptorStatus[],
  { limit, remaining, reset }: StatusHeaderNames,
): HeaderField[] {
  const nearest = nearestOf(statuses);
  if (nearest?.currentLimit === undefined) return [];
  const headers: HeaderField[] = [];
  if (limit !== undefined) headers.push({ key: limit, value: String(nearest.currentLimit.requestsPerUnit) });
  if (remaining !== undefined) headers.push({ key: remaining, value: String(nearest.limitRemaining ?? 0) });
  if (reset !== undefined) headers.push({ key: reset, value: String(nearest.durationUntilResetSeconds ?? 0) });
  return headers;
}

/** As envoyproxy/ratelimit chooses: the last that refuses, else the first of those with the smallest remaining. */
function nearestOf(statuses: readonly DescriptorStatus[]): DescriptorStatus | undefined {
  const limited = statuses.filter(({ currentLimit }) => currentLimit !== undefined);
  const refusing = limited.filter(({ code }) => code === "OVER_LIMIT");
  if (refusing.length > 0) return refusing.at(-1);
  const left = ({ limitRemaining = 0 }: DescriptorStatus): number => limitRemaining;
  return limited.reduce<DescriptorStatus | undefined>(
    (nearest, next) => (nearest === undefined || left(next) < left(nearest) ? next : nearest),
    undefined,
  );
}
