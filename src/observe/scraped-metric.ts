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
  /** Called at each scrape; where there may be thousands of samples, they should be made one at a time. */
  readonly read: () => Iterable<Sample>;
}

/**
 * A metric that is counted elsewhere in plain numbers and put into Prometheus' words only when it is scraped.
 *
 * prom-client's own `collect` hook cannot do this for a histogram, whose buckets it can only observe into one by one,
 * and its counters find label sets by a text in which `,` and `:` of a rule's label are not told from its own.
 */
export class ScrapedMetric extends Gauge {
  readonly #options: ScrapedMetricOptions;

  constructor(options: ScrapedMetricOptions) {
    const { name, help, registry } = options;
    super({ name, help, registers: [registry] });
    this.#options = options;
  }

  override async get(): ReturnType<Gauge["get"]> {
    const metric = await super.get();
    // Declared as a numeric enum, but prom-client itself writes this text after `# TYPE`.
    const type = this.#options.type as unknown as typeof metric.type;
    return { ...metric, type, values: [...this.#options.read()] };
  }

  /** Its lines in Prometheus' text format, one at a time. */
  *lines(): Generator<string> {
    const { name, help, type, read } = this.#options;
    yield `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${type}\n`;
    for (const { metricName = name, labels, value } of read()) {
      yield `${metricName}${labelText(labels)} ${value === Number.POSITIVE_INFINITY ? "+Inf" : value}\n`;
    }
  }
}

function labelText(labels: Sample["labels"]): string {
  let text = "";
  for (const name in labels) text += `${text === "" ? "{" : ","}${name}="${escapeLabel(labels[name] ?? "")}"`;
  return text === "" ? "" : `${text}}`;
}

function escapeLabel(value: string | number): string {
  if (typeof value === "number" || !/["\\\n]/.test(value)) return String(value);
  return value.replace(/\\/g, "\\\\").replace(/"/g, '\\"').replace(/\n/g, "\\n");
}

function escapeHelp(help: string): string {
  return help.replace(/\\/g, "\\\\").replace(/\n/g, "\\n");
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
