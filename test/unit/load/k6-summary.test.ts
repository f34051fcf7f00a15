import { describe, expect, it } from "vitest";
import { readK6Summary } from "../../../load/runner/k6-summary.js";

type Metrics = Record<string, Record<string, number>>;

const DURATION = { med: 0.5, "p(90)": 1, "p(99)": 7, "p(99.9)": 8, max: 9 };

/** As `k6 run --summary-export` writes it: 300 requests, of which 3 failed and 20 were refused; 5 were not made. */
const METRICS: Metrics = {
  http_reqs: { count: 300, rate: 75.5 },
  http_req_failed: { passes: 3, fails: 297, value: 0.01 },
  dropped_iterations: { count: 5, rate: 1.2 },
  http_req_duration: DURATION,
  ran_at: { value: 1_000_900, min: 1_000_100, max: 1_000_900 },
  "http_reqs{bucket:slow,status:200}": { count: 17, rate: 4 },
  "http_reqs{bucket:slow,status:429}": { count: 20, rate: 5 },
  "untold{bucket:slow}": { count: 2, rate: 0.5 },
  "refused_sent_at{bucket:slow}": { value: 1_000_800, min: 1_000_200, max: 1_000_800 },
  "refused_answered_at{bucket:slow}": { value: 1_000_810, min: 1_000_210, max: 1_000_810 },
  "http_reqs{bucket:wide,status:200}": { count: 260, rate: 60 },
  "http_reqs{bucket:wide,status:429}": { count: 0, rate: 0 },
  "untold{bucket:wide}": { count: 0, rate: 0 },
  "refused_sent_at{bucket:wide}": { value: 0, min: 0, max: 0 },
  "refused_answered_at{bucket:wide}": { value: 0, min: 0, max: 0 },
};

const STEPS: Metrics = Object.fromEntries(
  [10, 2, 1].flatMap((step) => [
    [`http_reqs{step:${step}}`, { count: 100 * step, rate: 10 }],
    [`http_req_duration{step:${step}}`, { ...DURATION, max: 9 + step }],
  ]),
);

const TIMES = { p50: 0.5, p90: 1, p99: 7, p999: 8, longest: 9 };

const read = (metrics: Metrics) => readK6Summary(JSON.stringify({ metrics }), ["slow", "wide"]);

describe("k6's summary", () => {
  it("tells each figure under its name", () => {
    expect(read(METRICS)).toEqual({
      requests: 300,
      perSecond: 75.5,
      failed: 3,
      dropped: 5,
      began: 1_000_100,
      ended: 1_000_900,
      times: TIMES,
      buckets: {
        slow: { admitted: 17, refused: 20, untold: 2, firstRefused: 1_000_210, lastRefused: 1_000_800 },
        wide: { admitted: 260, refused: 0, untold: 0, firstRefused: Number.NaN, lastRefused: Number.NaN },
      },
      steps: [],
    });
  });

  it("tells the steps of a ramp in their order", () => {
    expect(read({ ...METRICS, ...STEPS }).steps).toEqual([
      { requests: 100, times: { ...TIMES, longest: 10 } },
      { requests: 200, times: { ...TIMES, longest: 11 } },
      { requests: 1000, times: { ...TIMES, longest: 19 } },
    ]);
  });

  it.each(Object.keys(METRICS))("without %s is an error that names it", (name) => {
    const { [name]: _, ...others } = METRICS;
    expect(() => read(others)).toThrow(`of ${name}`);
  });

  it("with a figure that is no number is an error", () => {
    const failed = { ...METRICS, http_req_failed: { value: 0.01 } };
    expect(() => read(failed)).toThrow("k6's summary has no passes of http_req_failed");
  });

  it("that is something else is an error", () => {
    expect(() => readK6Summary("{}", [])).toThrow();
  });
});
