import { Gauge, type Registry } from "prom-client";
import type { PlainHistogram } from "./plain-histogram.js";

export type Labels = Readonly<Record<string, string>>;

/** One line of a scrape. */
export interface Sample {
  /** Where it is not the metric's own, such as `..._bucket`. */
  readonly metricName?: string;
  readonly labels: Record<string, string | number>;
  readonly value: number;
}

export interface ScrapedMetricOptions {
  readonly registry: Registry;
  readonly name: string;
  readonly help: string;
  readonly type: "counter" | "gauge" | "histogram";
  /** Called at each scrape. */
  readonly read: () => Sample[];
}

/**
 * A metric that is counted elsewhere in plain numbers and put into Prometheus' words only when it is scraped.
 *
 * prom-client's own `collect` hook cannot do this for a histogram, whose buckets it can only observe into one by one,
 * and its counters find label sets by a text in which `,` and `:` of a rule's label are not told from its own.
 */
export class ScrapedMetric extends Gauge {
  readonly #type: ScrapedMetricOptions["type"];
  readonly #read: () => Sample[];

  constructor({ registry, name, help, type, read }: ScrapedMetricOptions) {
    super({ name, help, registers: [registry] });
    this.#type = type;
    this.#read = read;
  }

  override async get(): ReturnType<Gauge["get"]> {
    const metric = await super.get();
    // Declared as a numeric enum, but prom-client itself writes this text after `# TYPE`.
    return { ...metric, type: this.#type as unknown as typeof metric.type, values: this.#read() };
  }
}

/** The lines of one histogram with these labels: a `_bucket` for each bound and `+Inf`, `_sum` and `_count`. */
export function histogramSamples(name: string, labels: Labels, histogram: PlainHistogram): Sample[] {
  const counts = histogram.cumulativeCounts();
  const buckets = counts.map((value, index) => ({
    metricName: `${name}_bucket`,
    labels: { ...labels, le: histogram.bounds[index] ?? "+Inf" },
    value,
  }));
  return [
    ...buckets,
    { metricName: `${name}_sum`, labels, value: histogram.sum },
    { metricName: `${name}_count`, labels, value: counts.at(-1) ?? 0 },
  ];
}
