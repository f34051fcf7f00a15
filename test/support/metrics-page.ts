/** A metric as a page tells it. */
export interface MetricFacts {
  readonly type: string;
  readonly labels: readonly string[];
}

/** What a page in Prometheus' text format has, by name. Labels are those seen, without a histogram's `le`. */
export function metricsOf(text: string): Map<string, MetricFacts> {
  const types = new Map<string, string>();
  const labels = new Map<string, Set<string>>();
  for (const line of text.split("\n")) {
    const [, name, type] = /^# TYPE (\S+) (\S+)$/.exec(line) ?? [];
    if (name !== undefined && type !== undefined) types.set(name, type);
    if (line.startsWith("#")) continue;
    const sample = /^([a-zA-Z_:]\w*)(?:\{(.*)\})? /.exec(line);
    if (sample === null) continue;
    const bare = sample[1]!.replace(/_(bucket|sum|count)$/, "");
    const owner = types.get(bare) === "histogram" ? bare : sample[1]!;
    const seen = labels.get(owner) ?? new Set<string>();
    for (const [, label] of (sample[2] ?? "").matchAll(/(\w+)="(?:[^"\\]|\\.)*"/g))
      if (label !== "le") seen.add(label!);
    labels.set(owner, seen);
  }
  return new Map([...types].map(([name, type]) => [name, { type, labels: [...(labels.get(name) ?? [])].sort() }]));
}

/** What the tables of docs/metrics.md have: rows of `name`, type and `label`, `label`. */
export function documentedMetrics(markdown: string): Map<string, MetricFacts> {
  const found = new Map<string, MetricFacts>();
  for (const line of markdown.split("\n")) {
    const [, name, type, labels] = /^\| `(\w+)` \| (counter|gauge|histogram) \| ([^|]*)\|/.exec(line) ?? [];
    if (name === undefined || type === undefined || labels === undefined) continue;
    if (found.has(name)) throw new Error(`docs/metrics.md has ${name} twice`);
    found.set(name, { type, labels: [...labels.matchAll(/`(\w+)`/g)].map(([, label]) => label!).sort() });
  }
  return found;
}
