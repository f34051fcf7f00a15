import { Counter, Registry } from "prom-client";
import { describe, expect, it } from "vitest";
import { Metrics } from "../../../src/observe/metrics.js";
import { createScrape } from "../../../src/observe/metrics-page.js";
import { ScrapedMetric } from "../../../src/observe/scraped-metric.js";

/** Does all parts and counts them. */
function countingTurns() {
  const turns = {
    parts: 0,
    inTurns: (parts: Iterable<void>): Promise<void> => {
      for (const _ of parts) turns.parts++;
      return Promise.resolve();
    },
  };
  return turns;
}

const text = async (scrape: ReturnType<typeof createScrape>): Promise<string> =>
  new TextDecoder().decode((await scrape()).body);

describe("the page of metrics", () => {
  it("says what prom-client would say of the same registry", async () => {
    const metrics = new Metrics("1");
    metrics.decisions.count("shop", 'a "quoted" \\ label\n', "ok", 2, 0);
    metrics.decisions.count("bänk", "ip", "over_limit", 0, 1e21);
    metrics.requestDecided("ok", 0.003);
    const registry = new Registry();
    for (const { name } of metrics.registry.getMetricsAsArray()) {
      const metric = metrics.registry.getSingleMetric(name);
      if (metric !== undefined && name.startsWith("weir_")) registry.registerMetric(metric);
    }
    const lines = (page: string): string[] => page.split("\n").filter((line) => line !== "");
    const ours = lines(await text(createScrape(registry, countingTurns().inTurns)));
    expect(ours).toEqual(lines(await registry.metrics()));
    expect(ours.length).toBeGreaterThan(50);
  });

  it("has metrics of prom-client's own kinds too, and tells its content type", async () => {
    const registry = new Registry();
    new Counter({ name: "plain_total", help: "A counter.", registers: [registry] }).inc(3);
    const page = await createScrape(registry, countingTurns().inTurns)();
    expect(new TextDecoder().decode(page.body)).toContain("# TYPE plain_total counter\nplain_total 3\n");
    expect(page.contentType).toBe("text/plain; version=0.0.4; charset=utf-8");
  });

  it("is written one sample at a time, however many there are", async () => {
    const metrics = new Metrics("1");
    for (let rule = 0; rule < 5_000; rule++) metrics.decisions.count("shop", `rule-${rule}`, "ok", 1, 0);
    const turns = countingTurns();
    const page = await text(createScrape(metrics.registry, turns.inTurns));
    expect(page.match(/^weir_decisions_total\{/gm)).toHaveLength(5_000);
    expect(page.match(/^weir_hits_total\{/gm)).toHaveLength(10_000);
    expect(turns.parts).toBeGreaterThan(15_000);
  });

  it("is written once for scrapes that come together, and anew for the next", async () => {
    const registry = new Registry();
    let reads = 0;
    const read = () => [{ labels: {}, value: ++reads }];
    new ScrapedMetric({ registry, name: "reads", help: "Reads.", type: "gauge", read });
    const scrape = createScrape(registry, countingTurns().inTurns);
    const [first, second] = await Promise.all([text(scrape), text(scrape)]);
    expect(first).toContain("reads 1\n");
    expect(second).toBe(first);
    expect(await text(scrape)).toContain("reads 2\n");
  });

  it("can be asked again after it could not be written", async () => {
    const registry = new Registry();
    let isBroken = true;
    const read = () => {
      if (isBroken) throw new Error("broken");
      return [{ labels: {}, value: 1 }];
    };
    new ScrapedMetric({ registry, name: "shaky", help: "Shaky.", type: "gauge", read });
    const scrape = createScrape(registry, countingTurns().inTurns);
    await expect(scrape()).rejects.toThrow("broken");
    isBroken = false;
    expect(await text(scrape)).toContain("shaky 1\n");
  });
});
