import type { Snapshot } from "./snapshot.js";

/** What is shown at one moment: a snapshot, and how fast decisions were made since the one before. */
export interface Frame extends Snapshot {
  /** Descriptors a second by outcome; undefined for the first snapshot. */
  readonly decisionsPerSecond: Readonly<Record<string, number>> | undefined;
}

/** Makes a frame of a snapshot and the one before. */
export function frameOf(snapshot: Snapshot, before: Snapshot | undefined): Frame {
  return { ...snapshot, decisionsPerSecond: before === undefined ? undefined : ratesOf(snapshot, before) };
}

function ratesOf({ traffic }: Snapshot, before: Snapshot): Record<string, number> | undefined {
  const seconds = (Date.parse(traffic.at) - Date.parse(before.traffic.at)) / 1_000;
  if (!(seconds > 0)) return undefined;
  return Object.fromEntries(
    Object.entries(traffic.decisions).map(([outcome, count]) => {
      const past = before.traffic.decisions[outcome] ?? 0;
      // Counts of rules that are gone go with them, and a server that was restarted begins anew.
      const grown = Math.max(0, count - past);
      return [outcome, Math.round((grown / seconds) * 10) / 10];
    }),
  );
}

/** A frame as JSON in one line. */
export function frameAsJson({ status, traffic, limited, overrides, decisionsPerSecond }: Frame): string {
  const { at, decisions, rules } = traffic;
  const rates = decisionsPerSecond === undefined ? {} : { decisionsPerSecond };
  return JSON.stringify({ at, status, decisions, ...rates, limited, rules, overrides });
}
