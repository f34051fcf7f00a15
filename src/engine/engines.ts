import { Engine, type EngineParts, type EngineSettings } from "./engine.js";
import { LookEvents, lookingAt, lookingLocally } from "./look.js";
import { MetricLabels } from "./metric-labels.js";
import type { OnStoreFailure } from "./store-failure.js";

/** The engines of one server, over the same rules and buckets. */
export interface Engines {
  /** Answers proxies. */
  readonly proxies: Engine;
  /** Answers applications: decides, takes, and tells the detail. */
  readonly direct: Engine;
  /** Says what `direct` would. */
  readonly look: Engine;
}

/** Makes them of the parts of one. Where D13 would leave it to the proxy, applications are allowed, since they have none. */
export function createEngines(parts: EngineParts): Engines {
  const { labels = new MetricLabels(), settings, store, localStore, events } = parts;
  const onStoreFailure: OnStoreFailure = settings.onStoreFailure === "error" ? "allow" : settings.onStoreFailure;
  const directSettings: EngineSettings = { ...settings, onStoreFailure, responseHeaders: [], tellsDetail: true };
  const { onRefused: _, ...looking } = { ...parts, labels, settings: directSettings };
  return {
    proxies: new Engine({ ...parts, labels }),
    direct: new Engine({ ...parts, labels, settings: directSettings }),
    look: new Engine({
      ...looking,
      store: lookingAt(store),
      localStore: localStore === undefined ? undefined : lookingLocally(localStore),
      events: new LookEvents(events),
    }),
  };
}
