import { http } from "./http-client.js";

/** Counters that Envoy creates when they first count something; until then they are not among its statistics. */
const CREATED_ON_FIRST_USE = /^(cluster\.[^.]+)\.ratelimit\.(?:ok|over_limit|error|failure_mode_allowed)$/;

/** A statistic that every cluster has from the start. */
const OF_EVERY_CLUSTER = "membership_total";

/**
 * A counter or gauge of Envoy's own. 0 for a counter that Envoy creates on first use and has not created yet.
 * @param adminUrl of Envoy's admin interface
 * @throws Error (as a promise) when there is none of that name, or no such cluster
 */
export async function envoyStat(adminUrl: string, name: string): Promise<number> {
  const [, cluster] = CREATED_ON_FIRST_USE.exec(name) ?? [];
  const names = cluster === undefined ? [name] : [name, `${cluster}.${OF_EVERY_CLUSTER}`];
  const filter = `^(${names.map((each) => each.replaceAll(".", "\\.")).join("|")})$`;
  const { body } = await http(`${adminUrl}/stats?filter=${encodeURIComponent(filter)}`);
  const lines = body.split("\n").map((line) => /^(.+): (\d+)$/.exec(line.trim()) ?? []);
  const values = new Map(lines.map(([, stat, value]) => [stat, Number(value)]));
  const isNotYetCreated = cluster !== undefined && values.has(`${cluster}.${OF_EVERY_CLUSTER}`);
  const value = values.get(name) ?? (isNotYetCreated ? 0 : undefined);
  if (value === undefined) throw new Error(`Envoy has no statistic ${name}`);
  return value;
}
