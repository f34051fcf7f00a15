import { collectDefaultMetrics, Gauge, Registry } from "prom-client";
import { ActiveKeys, SLICE_MILLIS } from "./active-keys.js";
import { AdminMetrics } from "./admin-metrics.js";
import { DecisionCounts } from "./decision-counts.js";
import { EventLoopLag } from "./event-loop-lag.js";
import { type GrpcServerFigures, showGrpcServer } from "./grpc-server-metrics.js";
import { PlainHistogram } from "./plain-histogram.js";
import { type RedisStoreFigures, showRedisStore } from "./redis-store-metrics.js";
import { ReloadMetrics } from "./reload-metrics.js";
import { histogramSamples, ScrapedMetric, type ScrapedMetricOptions } from "./scraped-metric.js";

/** Seconds. Envoy gives up after 20 ms by default, which is why that is a bound. */
const DURATION_BOUNDS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1];

// Shown as 0 before the first of them, so that the first is seen as an increase and not as a new series.
const REQUEST_OUTCOMES = ["ok", "over_limit", "invalid", "failed", "cancelled"];
const STORE_STATUSES = ["ok", "timeout", "unavailable", "overload", "cancelled", "error"];

/** Shares of the burst: 0 are the buckets that are empty or in debt. */
const FILL_BOUNDS = [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1];

export interface MetricsOptions {
  /** Rules that have counts of their own. */
  readonly maxRules?: number;
  /** Whether the process' own figures are among them, which are watched from then on; true unless said otherwise. */
  readonly showsProcess?: boolean;
}

/** What the memory store tells about itself. */
export interface MemoryStoreFigures {
  readonly buckets: number;
  /** Buckets dropped at the bound since the start, each of which forgot what was taken (D11). */
  readonly evictions: number;
}

interface StoreTally {
  readonly operations: Map<string, number>;
  readonly duration: PlainHistogram;
}

function child<Value>(parent: Map<string, Value>, key: string, create: () => Value): Value {
  const existing = parent.get(key);
  if (existing !== undefined) return existing;
  const created = create();
  parent.set(key, created);
  return created;
}

function increase(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

const newDuration = () => new PlainHistogram(DURATION_BOUNDS);
const newStoreTally = (): StoreTally => ({
  operations: new Map(STORE_STATUSES.map((status) => [status, 0])),
  duration: newDuration(),
});

/**
 * What Weir counts, and the registry that shows it. Counting is a few look-ups in maps, since it happens for each
 * descriptor of each request; label values come from rules and from this code, never from callers.
 */
export class Metrics {
  readonly registry = new Registry();
  /** Descriptors answered. */
  readonly decisions: DecisionCounts;
  /** How loading rules went. */
  readonly reloads = new ReloadMetrics(this.registry);
  /** What operators do at runtime. */
  readonly admin = new AdminMetrics(this.registry);
  /** Buckets asked about. */
  readonly activeKeys = new ActiveKeys();
  /** What is left in buckets after a decision: the share of their burst, 0 to 1. */
  readonly fill = new PlainHistogram(FILL_BOUNDS);
  readonly #lag = new EventLoopLag();
  #sliceTimer: NodeJS.Timeout | undefined;
  readonly #requests = new Map(REQUEST_OUTCOMES.map((outcome) => [outcome, newDuration()]));
  readonly #stores = new Map<string, StoreTally>();
  readonly #overridesIgnored = new Map<string, number>();
  readonly #domainsLoaded: Gauge;
  readonly #rulesLoaded: Gauge;
  readonly #storeWarnings: Gauge;

  constructor(version: string, options: MetricsOptions = {}) {
    this.decisions = new DecisionCounts(options.maxRules);
    if (options.showsProcess !== false) collectDefaultMetrics({ register: this.registry });
    const registers = [this.registry];
    this.#domainsLoaded = new Gauge({ name: "weir_domains_loaded", help: "Domains that have rules.", registers });
    this.#rulesLoaded = new Gauge({ name: "weir_rules_loaded", help: "Rules in force.", registers });
    const warnings = "Distinct warnings about the store since the start; the log has their texts.";
    this.#storeWarnings = new Gauge({ name: "weir_store_warnings", help: warnings, registers });
    const help = "1, with the version that runs as a label.";
    new Gauge({ name: "weir_build_info", help, labelNames: ["version"], registers }).set({ version }, 1);
    this.#showRequests();
    this.#showBuckets();
    this.#showStores();
  }

  /** Measures what takes a clock, until `stop`: the event loop's lag, and the minute that keys are active in. */
  start(): void {
    this.#lag.start();
    this.#sliceTimer = setInterval(() => this.activeKeys.nextSlice(), SLICE_MILLIS).unref();
  }

  stop(): void {
    this.#lag.stop();
    clearInterval(this.#sliceTimer);
  }

  /** A request was answered. */
  requestDecided(outcome: string, seconds: number): void {
    child(this.#requests, outcome, newDuration).observe(seconds);
  }

  /** The store answered (status `ok`) or failed. */
  storeAnswered(store: string, status: string, seconds: number): void {
    const tally = child(this.#stores, store, newStoreTally);
    increase(tally.operations, status);
    tally.duration.observe(seconds);
  }

  /** The store told something that it had not told before, and that an operator should look at. */
  storeWarned(): void {
    this.#storeWarnings.inc();
  }

  /** A `descriptor.limit` was ignored (D9). */
  overrideIgnored(domain: string): void {
    increase(this.#overridesIgnored, domain);
  }

  /** So many domains and rules are in force. */
  rulesInForce(domains: number, rules: number): void {
    this.#domainsLoaded.set(domains);
    this.#rulesLoaded.set(rules);
  }

  /** Shows the memory store's own figures from now on. */
  watchMemoryStore(figures: () => MemoryStoreFigures): void {
    this.#show({
      name: "weir_memory_store_buckets",
      help: "Buckets in the memory store.",
      type: "gauge",
      read: () => [{ labels: {}, value: figures().buckets }],
    });
    this.#show({
      name: "weir_memory_store_evictions_total",
      help: "Buckets that the memory store dropped because it was full.",
      type: "counter",
      read: () => [{ labels: {}, value: figures().evictions }],
    });
  }

  /** Shows the Redis store's own figures from now on. */
  watchRedisStore(figures: () => RedisStoreFigures): void {
    showRedisStore(this.registry, figures);
  }

  /** Shows what our own gRPC server has seen from now on. */
  watchGrpcServer(figures: GrpcServerFigures): void {
    showGrpcServer(this.registry, figures);
  }

  #show(options: Omit<ScrapedMetricOptions, "registry">): void {
    new ScrapedMetric({ registry: this.registry, ...options });
  }

  #showRequests(): void {
    this.#show({
      name: "weir_decisions_total",
      help: "Descriptors answered, by outcome.",
      type: "counter",
      read: () => this.decisions.descriptors(),
    });
    this.#show({
      name: "weir_hits_total",
      help: "Hits by result: let through (admitted), or refused by limits of this rule.",
      type: "counter",
      read: () => this.decisions.hits(),
    });
    const duration = "weir_request_duration_seconds";
    this.#show({
      name: duration,
      help: "From a request's arrival in the engine to its answer.",
      type: "histogram",
      read: () => [...this.#requests].flatMap(([outcome, times]) => histogramSamples(duration, { outcome }, times)),
    });
    this.#show({
      name: "weir_overrides_ignored_total",
      help: "Limits sent with a descriptor that had no usable unit or multiplier.",
      type: "counter",
      read: () => [...this.#overridesIgnored].map(([domain, value]) => ({ labels: { domain }, value })),
    });
  }

  #showBuckets(): void {
    this.#show({
      name: "weir_active_keys",
      help: "Distinct buckets used in the last minute, estimated.",
      type: "gauge",
      read: () => [{ labels: {}, value: this.activeKeys.estimate() }],
    });
    const [fill, lag] = ["weir_bucket_fill_ratio", "weir_event_loop_lag_seconds"];
    this.#show({
      name: fill,
      help: "What is left in a bucket after a decision, as a share of its burst.",
      type: "histogram",
      read: () => histogramSamples(fill, {}, this.fill),
    });
    this.#show({
      name: lag,
      help: "Event loop lag, measured every 20 ms.",
      type: "histogram",
      read: () => histogramSamples(lag, {}, this.#lag.times),
    });
  }

  #showStores(): void {
    this.#show({
      name: "weir_store_operations_total",
      help: "Decisions requested from the store, by status.",
      type: "counter",
      read: () =>
        [...this.#stores].flatMap(([store, { operations }]) =>
          [...operations].map(([status, value]) => ({ labels: { store, status }, value })),
        ),
    });
    const duration = "weir_store_operation_duration_seconds";
    this.#show({
      name: duration,
      help: "How long the store took to answer or fail.",
      type: "histogram",
      read: () => [...this.#stores].flatMap(([store, tally]) => histogramSamples(duration, { store }, tally.duration)),
    });
  }
}
