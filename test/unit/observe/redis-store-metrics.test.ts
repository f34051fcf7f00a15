import { describe, expect, it } from "vitest";
import { Metrics } from "../../../src/observe/metrics.js";
import { LaneCounts } from "../../../src/stores/redis/lane-counts.js";

const COUNTS = new LaneCounts();
const FIGURES = {
  counts: COUNTS,
  lanes: 64,
  lanesBroken: 3,
  breakerOpened: 7,
  queued: 21,
  callsInFlight: 2,
  denyCacheHits: 11,
  denyCacheSize: 5,
};

/** The lines about Redis of a scrape, without HELP. */
async function scrape(metrics: Metrics): Promise<string[]> {
  const text = await metrics.registry.metrics();
  return text.split("\n").filter((line) => /^(# TYPE )?weir_(store_(?!operation|warnings)|deny_)/.test(line));
}

describe("the metrics of the Redis store", () => {
  it("are not there without one", async () => {
    expect(await scrape(new Metrics("1"))).toEqual([]);
  });

  it("show what the store tells of itself", async () => {
    const metrics = new Metrics("1");
    Object.assign(COUNTS, { lateReplies: 9, splits: 4, givenBack: 100, notGivenBack: 6 });
    metrics.watchRedisStore(() => FIGURES);
    expect((await scrape(metrics)).filter((line) => !line.includes("batch_size"))).toEqual([
      "# TYPE weir_store_lanes gauge",
      "weir_store_lanes 64",
      "# TYPE weir_store_breaker_open gauge",
      "weir_store_breaker_open 3",
      "# TYPE weir_store_breaker_opened_total counter",
      "weir_store_breaker_opened_total 7",
      "# TYPE weir_store_queued gauge",
      "weir_store_queued 21",
      "# TYPE weir_store_late_replies_total counter",
      "weir_store_late_replies_total 9",
      "# TYPE weir_store_split_calls_total counter",
      "weir_store_split_calls_total 4",
      "# TYPE weir_store_given_back_total counter",
      "weir_store_given_back_total 100",
      "# TYPE weir_store_not_given_back_total counter",
      "weir_store_not_given_back_total 6",
      "# TYPE weir_deny_cache_hits_total counter",
      "weir_deny_cache_hits_total 11",
      "# TYPE weir_deny_cache_entries gauge",
      "weir_deny_cache_entries 5",
    ]);
  });

  it("count calls by how many decisions they carried", async () => {
    const metrics = new Metrics("1");
    const counts = new LaneCounts();
    metrics.watchRedisStore(() => ({ ...FIGURES, counts }));
    for (const decisions of [1, 1, 3, 64, 257]) counts.sent(decisions);
    const lines = (await scrape(metrics)).filter((line) => line.startsWith("weir_store_batch_size"));
    expect(lines).toEqual([
      'weir_store_batch_size_bucket{le="1"} 2',
      'weir_store_batch_size_bucket{le="2"} 2',
      'weir_store_batch_size_bucket{le="4"} 3',
      'weir_store_batch_size_bucket{le="8"} 3',
      'weir_store_batch_size_bucket{le="16"} 3',
      'weir_store_batch_size_bucket{le="32"} 3',
      'weir_store_batch_size_bucket{le="64"} 4',
      'weir_store_batch_size_bucket{le="128"} 4',
      'weir_store_batch_size_bucket{le="256"} 4',
      'weir_store_batch_size_bucket{le="+Inf"} 5',
      "weir_store_batch_size_sum 326",
      "weir_store_batch_size_count 5",
    ]);
  });
});
