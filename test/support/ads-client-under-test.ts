import { afterEach } from "vitest";
import { createAdsClient } from "../../src/grpc/xds/ads-client.js";
import type { AdsOptions, AdsSubscription } from "../../src/grpc/xds/ads-options.js";
import type { ResourceUpdate } from "../../src/rules/sources/pushed-source.js";
import { until } from "./until.js";
import { decodeConfig } from "./xds-messages.js";

export interface Disconnect {
  readonly reason: string;
  readonly retryMillis: number;
  /** When it was told, on performance.now's clock. */
  readonly at: number;
}

/** What is wrong with an update. */
type Judgement = () => Promise<readonly string[]>;

export interface ClientUnderTest {
  readonly subscription: AdsSubscription;
  /** What it handed on. */
  readonly updates: readonly ResourceUpdate[];
  /** What was told of updates and of connections made: `connected`, `acknowledged 1`, `refused 2`, `superseded 3`. */
  readonly told: readonly string[];
  readonly disconnects: readonly Disconnect[];
  /** The faults of the updates from now on; default: none. */
  judge(judgement: Judgement): void;
  connected(): Promise<void>;
}

const running: AdsSubscription[] = [];

/** A client of the control plane on this port of 127.0.0.1, started, and closed after the test. */
export function startClient(port: number, options: Partial<AdsOptions> = {}): ClientUnderTest {
  const [updates, told, disconnects]: [ResourceUpdate[], string[], Disconnect[]] = [[], [], []];
  let judgement: Judgement = () => Promise.resolve([]);
  const subscription = createAdsClient({
    server: { host: "127.0.0.1", port },
    nodeId: "test-node",
    nodeCluster: "",
    nodeMetadata: [],
    keepaliveMillis: 60_000,
    keepaliveTimeoutMillis: 20_000,
    onResources: async (update) => {
      updates.push(update);
      return { texts: await judgement(), more: 0 };
    },
    events: {
      connected: () => told.push("connected"),
      disconnected: (reason, retryMillis) => disconnects.push({ reason, retryMillis, at: performance.now() }),
      acknowledged: (version) => told.push(`acknowledged ${version}`),
      refused: (version) => told.push(`refused ${version}`),
      superseded: (version) => told.push(`superseded ${version}`),
    },
    ...options,
  });
  running.push(subscription);
  subscription.start();
  return {
    subscription,
    updates,
    told,
    disconnects,
    judge: (next) => {
      judgement = next;
    },
    connected: () => until("the client is connected", () => subscription.status.connected || undefined).then(() => {}),
  };
}

/** The RateLimitConfigs of an update, as they were encoded. */
export function configsOf(update: ResourceUpdate | undefined): unknown[] {
  return (update?.resources ?? []).map(decodeConfig);
}

afterEach(async () => {
  for (const subscription of running.splice(0)) await subscription.close();
});
