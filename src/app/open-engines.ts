import type { TopRefused } from "../admin/live/top-refused.js";
import type { EngineParts } from "../engine/engine.js";
import { createEngines, type Engines } from "../engine/engines.js";
import { MetricLabels } from "../engine/metric-labels.js";
import type { Settings } from "../settings.js";
import { identifyBuckets } from "../stores/bucket-identity.js";
import { rememberedDigests } from "../stores/value-digest.js";

/** What the engines of a server are made of. */
export interface EngineNeeds extends Pick<EngineParts, "rules" | "store" | "localStore" | "events" | "controls"> {
  readonly settings: Settings;
  /** Where values are not to be seen. */
  readonly hashSecret: Buffer | undefined;
  readonly topRefused: TopRefused;
}

/** Makes the engines as the settings ask for: those that answer traffic and those that are warmed up are built alike. */
export function openEngines({ hashSecret, topRefused, ...parts }: EngineNeeds): Engines {
  return createEngines({
    ...parts,
    identifyBucket: identifyBuckets(hashSecret),
    labels: new MetricLabels({ digestOf: rememberedDigests(hashSecret) }),
    onRefused: (domain, entries, plan) => topRefused.add(domain, entries, plan),
  });
}
