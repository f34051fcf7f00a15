import type { Envoy } from "../../test/support/envoy.js";
import { http } from "../../test/support/http-client.js";

/** What Envoy itself counted of its calls to Weir. */
export interface EnvoyFigures {
  readonly ok: number;
  readonly overLimit: number;
  /** Calls that brought no answer in time, or an error. */
  readonly errors: number;
  /** Requests that were let through for want of an answer. */
  readonly letThrough: number;
  readonly timeouts: number;
  /** Of calls to Weir, milliseconds, as Envoy's histogram tells them. Empty when it has none. */
  readonly callTimes: string;
}

/** Percentiles of a histogram: `P50(1,2)` has that of the last interval and that of all time. */
function percentiles(stats: string): string {
  const told = new Map([...stats.matchAll(/P([\d.]+)\([^,]*,([\d.]+)\)/g)].map(([, share, millis]) => [share, millis]));
  return ["50", "90", "99", "99.9", "100"]
    .flatMap((share) => told.get(share) ?? [])
    .map((millis) => Number(millis).toFixed(1))
    .join(" / ");
}

/** Envoy fills its histograms a few seconds after the fact. @throws Error (as a promise) when it lacks a counter */
export async function envoyFigures(envoy: Pick<Envoy, "stat" | "adminUrl">): Promise<EnvoyFigures> {
  const [ok = 0, overLimit = 0, errors = 0, letThrough = 0, timeouts = 0] = await Promise.all(
    [
      "cluster.services.ratelimit.ok",
      "cluster.services.ratelimit.over_limit",
      "cluster.services.ratelimit.error",
      "cluster.services.ratelimit.failure_mode_allowed",
      "cluster.weir.upstream_rq_timeout",
    ].map((name) => envoy.stat(name)),
  );
  const { body } = await http(`${envoy.adminUrl}/stats?filter=^cluster\\.weir\\.upstream_rq_time$`);
  return { ok, overLimit, errors, letThrough, timeouts, callTimes: percentiles(body) };
}
