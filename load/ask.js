// What all scenarios have in common: where requests go, and what is counted. A script for k6, as all in this folder.
import exec from "k6/execution";
import http from "k6/http";
import { Counter, Gauge } from "k6/metrics";

/** The front proxy. */
const target = __ENV.TARGET || "http://127.0.0.1:10000";

/** When the run began and ended. All times are milliseconds since 1970, and their least and greatest are what counts. */
const ranAt = new Gauge("ran_at");
/** When requests were sent that were refused, and when they had their answer. */
const refusedSentAt = new Gauge("refused_sent_at");
const refusedAnsweredAt = new Gauge("refused_answered_at");
/** So often each virtual user tells of refusals: to tell of every one would cost k6 as much as the request. */
const TELL_MS = 50;
/** When this user last did, by bucket. @type {Record<string, number>} */
const toldAt = {};

/**
 * Requests that were let through with an answer that tells no limit: either no rule limits them, or Envoy let them through
 * without an answer from Weir.
 */
const untold = new Counter("untold");

// Let through or limited: both are right. Anything else counts as failed.
http.setResponseCallback(http.expectedStatuses(200, 429));

/** To be a script's `setup` and `teardown`. */
export function markTime() {
  ranAt.add(Date.now());
}

/**
 * One request.
 * @param {string} bucket what the request takes from, as the summary calls it
 * @param {string} path
 * @param {Record<string, string>} headers
 */
export function ask(bucket, path, headers = {}) {
  const sent = Date.now();
  const { status, headers: told } = http.get(target + path, { headers, tags: { bucket } });
  if (status === 200 && told["X-Ratelimit-Limit"] === undefined) untold.add(1, { bucket });
  if (status !== 429 || sent - (toldAt[bucket] ?? 0) < TELL_MS) return;
  toldAt[bucket] = sent;
  refusedSentAt.add(sent, { bucket });
  refusedAnsweredAt.add(Date.now(), { bucket });
}

/** The number of this request, from 0 on. */
export function turn() {
  return exec.scenario.iterationInTest;
}

/** Seconds since the scenario began. */
export function elapsedSeconds() {
  return (Date.now() - exec.scenario.startTime) / 1000;
}

/**
 * The environment variable of this name, a number.
 * @param {string} name
 * @param {number} byDefault
 */
export function numberOf(name, byDefault) {
  const value = Number(__ENV[name] || byDefault);
  if (!(value > 0)) throw new Error(`${name}=${__ENV[name]}: a number above 0 is wanted`);
  return value;
}

/**
 * An executor that keeps one rate for DURATION (as k6 writes it: `30s`, `5m`), after two seconds up to there: what a rate
 * out of nothing shows is how fast k6 itself gets under way.
 * @param {number} rate requests a second
 * @param {string} byDefault how long
 */
export function paceOf(rate, byDefault) {
  const stages = [
    { target: rate, duration: "2s" },
    { target: rate, duration: __ENV.DURATION || byDefault },
  ];
  return { executor: "ramping-arrival-rate", startRate: Math.ceil(rate / 10), stages, ...usersFor(rate) };
}

/**
 * What every scenario sets beside its pace.
 * @param {readonly string[]} buckets each gets counts of its own in the summary
 * @param {Record<string, string[]>} thresholds more of them
 */
export function optionsOf(buckets, thresholds = {}) {
  const refusals = buckets.flatMap((bucket) => [
    `refused_sent_at{bucket:${bucket}}`,
    `refused_answered_at{bucket:${bucket}}`,
  ]);
  const statuses = buckets.flatMap((bucket) =>
    [200, 429].map((status) => `http_reqs{bucket:${bucket},status:${status}}`),
  );
  const untolds = buckets.map((bucket) => `untold{bucket:${bucket}}`);
  return {
    discardResponseBodies: true,
    systemTags: ["status"],
    summaryTrendStats: ["med", "p(90)", "p(99)", "p(99.9)", "max"],
    thresholds: {
      // The one that fails the run here; what is admitted is held against the rules by load/runner.
      http_req_failed: ["rate==0"],
      // What has a threshold is in the summary even when it is 0.
      ...Object.fromEntries(["dropped_iterations", ...refusals, ...statuses, ...untolds].map((name) => [name, []])),
      ...thresholds,
    },
  };
}

/**
 * So many virtual users that a rate is kept while answers take up to 200 ms; beyond that k6 drops requests, and says so.
 * At low rates there are more than that, so that a short stall of the machine does not use them up.
 * @param {number} rate requests a second
 */
export function usersFor(rate) {
  const preAllocatedVUs = Math.max(100, Math.ceil(rate / 20));
  return { preAllocatedVUs, maxVUs: 4 * preAllocatedVUs };
}
