/**
 * Adds up the samples of one metric in Prometheus' text format.
 * @param labels only samples that carry all of these count
 * @returns 0 when there is none
 */
export function sumOf(metrics: string, name: string, labels: Readonly<Record<string, string>> = {}): number {
  let sum = 0;
  for (const line of metrics.split("\n")) {
    const [, sampleName, sampleLabels = "", value] = /^([a-zA-Z_:]\w*)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
    if (sampleName !== name) continue;
    const carried = new Map<string, string>();
    for (const [, label, text] of sampleLabels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)) carried.set(label!, text!);
    if (Object.entries(labels).every(([label, text]) => carried.get(label) === text)) sum += Number(value);
  }
  return sum;
}
