import { z } from "zod";

/** What k6 counted under one name. Times are milliseconds since 1970, NaN where nothing was refused. */
export interface BucketCount {
  readonly admitted: number;
  readonly refused: number;
  /** Of those admitted: answers that tell no limit. */
  readonly untold: number;
  /** When a first refusal had come, and when a last one was asked for. */
  readonly firstRefused: number;
  readonly lastRefused: number;
}

/** How long answers took, milliseconds. */
export interface Times {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly longest: number;
}

export interface StepCount {
  readonly requests: number;
  readonly times: Times;
}

/** A run as k6 saw it. */
export interface K6Summary {
  readonly requests: number;
  readonly perSecond: number;
  /** Answers other than 200 and 429, and requests without an answer. */
  readonly failed: number;
  /** Requests that k6 did not make, since all its users were waiting. */
  readonly dropped: number;
  /** Before the first request, and after the last answer; milliseconds since 1970. */
  readonly began: number;
  readonly ended: number;
  readonly times: Times;
  readonly buckets: Readonly<Record<string, BucketCount>>;
  /** Of a ramp. */
  readonly steps: readonly StepCount[];
}

const METRICS = z.object({ metrics: z.record(z.string(), z.record(z.string(), z.unknown())) });

/**
 * Reads what `k6 run --summary-export` wrote.
 * @param buckets names that the script counts by
 * @throws ZodError where that is something else
 * @throws Error that names a figure which is missing: it is not taken for 0
 */
export function readK6Summary(json: string, buckets: readonly string[]): K6Summary {
  const { metrics } = METRICS.parse(JSON.parse(json));
  const figure = (metric: string, name: string): number => {
    const value = metrics[metric]?.[name];
    if (typeof value !== "number") throw new Error(`k6's summary has no ${name} of ${metric}`);
    return value;
  };
  const countOf = (bucket: string): BucketCount => ({
    admitted: figure(`http_reqs{bucket:${bucket},status:200}`, "count"),
    refused: figure(`http_reqs{bucket:${bucket},status:429}`, "count"),
    untold: figure(`untold{bucket:${bucket}}`, "count"),
    // A gauge that was never set says 0.
    firstRefused: figure(`refused_answered_at{bucket:${bucket}}`, "min") || Number.NaN,
    lastRefused: figure(`refused_sent_at{bucket:${bucket}}`, "max") || Number.NaN,
  });
  const timesOf = (metric: string): Times => ({
    p50: figure(metric, "med"),
    p90: figure(metric, "p(90)"),
    p99: figure(metric, "p(99)"),
    p999: figure(metric, "p(99.9)"),
    longest: figure(metric, "max"),
  });
  const steps = Object.keys(metrics)
    .flatMap((metric) => /^http_reqs\{step:(\d+)\}$/.exec(metric)?.[1] ?? [])
    .sort((one, other) => Number(one) - Number(other))
    .map((step) => ({
      requests: figure(`http_reqs{step:${step}}`, "count"),
      times: timesOf(`http_req_duration{step:${step}}`),
    }));
  return {
    requests: figure("http_reqs", "count"),
    perSecond: figure("http_reqs", "rate"),
    // A rate whose "passes" are the failures.
    failed: figure("http_req_failed", "passes"),
    dropped: figure("dropped_iterations", "count"),
    began: figure("ran_at", "min"),
    ended: figure("ran_at", "max"),
    times: timesOf("http_req_duration"),
    buckets: Object.fromEntries(buckets.map((bucket) => [bucket, countOf(bucket)])),
    steps,
  };
}
