import type { Registry } from "prom-client";
import type { PlainHistogram } from "./plain-histogram.js";
import { histogramSamples, ScrapedMetric } from "./scraped-metric.js";

/** What the Redis store tells about itself, in the shape in which it does. */
export interface RedisStoreFigures {
  readonly counts: {
    readonly batchSizes: PlainHistogram;
    readonly lateReplies: number;
    readonly splits: number;
    readonly givenBack: number;
    readonly notGivenBack: number;
  };
  readonly lanes: number;
  readonly lanesBroken: number;
  readonly breakerOpened: number;
  readonly queued: number;
  readonly denyCacheHits: number;
  readonly denyCacheSize: number;
}

type Row = readonly [
  name: string,
  help: string,
  type: "counter" | "gauge",
  read: (figures: RedisStoreFigures) => number,
];

const ROWS: readonly Row[] = [
  [
    "store_lanes",
    "Lanes to Redis, which fail independently: one, or one per hash tag in a Cluster.",
    "gauge",
    (f) => f.lanes,
  ],
  [
    "store_breaker_open",
    "Lanes whose circuit breaker is open: their decisions fail at once.",
    "gauge",
    (f) => f.lanesBroken,
  ],
  ["store_breaker_opened_total", "How often a circuit breaker opened.", "counter", (f) => f.breakerOpened],
  ["store_queued", "Decisions that wait to be sent to Redis.", "gauge", (f) => f.queued],
  [
    "store_late_replies_total",
    "Calls to Redis answered after all their decisions had timed out.",
    "counter",
    (f) => f.counts.lateReplies,
  ],
  ["store_split_calls_total", "Calls that met a Cluster slot in migration.", "counter", (f) => f.counts.splits],
  [
    "store_given_back_total",
    "Hits given back because another part of their request was refused.",
    "counter",
    (f) => f.counts.givenBack,
  ],
  [
    "store_not_given_back_total",
    "Hits that could not be given back and stay taken.",
    "counter",
    (f) => f.counts.notGivenBack,
  ],
  ["deny_cache_hits_total", "Requests refused without asking the store.", "counter", (f) => f.denyCacheHits],
  ["deny_cache_entries", "Refusals remembered.", "gauge", (f) => f.denyCacheSize],
];

/** Shows the figures of a Redis store from now on. */
export function showRedisStore(registry: Registry, figures: () => RedisStoreFigures): void {
  for (const [name, help, type, read] of ROWS) {
    const samples = () => [{ labels: {}, value: read(figures()) }];
    new ScrapedMetric({ registry, name: `weir_${name}`, help, type, read: samples });
  }
  const name = "weir_store_batch_size";
  new ScrapedMetric({
    registry,
    name,
    help: "Decisions in one call to Redis.",
    type: "histogram",
    read: () => histogramSamples(name, {}, figures().counts.batchSizes),
  });
}
