import { GrpcClient } from "../grpc-client.js";
import { until } from "../until.js";
import type { WeirProcess } from "../weir-process.js";
import { readAnswer } from "./answer.js";
import { type Bucket, burstOf, isRefilling, nameOf, peekBytes, perSecondOf } from "./buckets.js";
import type { Call } from "./open-loop.js";

/** The deadline of the store in these runs. */
export const DEADLINE_MILLIS = 50;

/** How far a replica may be behind its master. */
const REPLICATION_MILLIS = 250;

/** Failures whose words say that nothing was charged. */
const UNCHARGED = /charged nothing|is not asked until/;

/** A fault takes its hold within this time of the moment noted. */
const EDGE_MILLIS = 20;

/** On a machine that stalls a call comes to Weir so much later than it was sent: perhaps when the fault is over. */
const ON_ITS_WAY_MILLIS = 500;

/** So many calls in a row that the store decided mean that it is back. */
const STEADY_CALLS = 100;

/** When the fault was, of performance.now(). */
export interface FaultTimes {
  readonly beganMillis: number;
  /** It was in full force from here to `healingMillis`. */
  readonly injectedMillis: number;
  readonly healingMillis: number;
  /** Whether Redis could not be reached between the two. */
  readonly isOutage: boolean;
}

/** What the operating system and Weir say at some moments of a run. */
export interface Observations {
  readonly metricsBefore: readonly string[];
  /** Of the first Weir, at the fault's end. */
  readonly metricsAtEnd: string;
  readonly metricsAfter: readonly string[];
  /** Of the first Weir: memory of the process before the fault, and the most it had since. */
  readonly residentBefore: number;
  readonly residentPeak: number;
  /** Of the first Weir: what it holds after a collection, before the load, and at the fault's end or after the load. */
  readonly keptBefore: number;
  readonly keptAtEnd: number;
}

/** What became of one bucket. */
export interface BucketCount {
  readonly bucket: Bucket;
  readonly offered: number;
  readonly admitted: number;
  /** Failed calls that may have been charged all the same: sent before the fault was in full force, or after it. */
  readonly doubtful: number;
  /** Hits that were admitted just before the fault: a replica may not have heard of them. */
  readonly atRisk: number;
  /** What a peek tells in the end; undefined for a bucket that refills. */
  readonly remaining: number | undefined;
  /** Seconds from the first call to the last answer. */
  readonly seconds: number;
}

/** The account of a run. */
export interface FaultReport extends Observations {
  readonly fault: string;
  readonly isOutage: boolean;
  readonly calls: readonly Call[];
  readonly buckets: readonly BucketCount[];
  /** From the fault's end to the first answer that took a token. */
  readonly recoveryMillis: number;
  /** From the fault's end to the first of a hundred answers in a row that the store gave. */
  readonly steadyMillis: number;
  /** The part of the calls sent amid the fault that D13 answered. */
  readonly failedShare: number;
}

/**
 * Makes the account of a run that has ended.
 * @param weir which is asked what is left in the buckets
 */
export async function reportOn(
  fault: string,
  weir: WeirProcess,
  calls: readonly Call[],
  times: FaultTimes,
  observations: Observations,
): Promise<FaultReport> {
  const { injectedMillis, healingMillis } = times;
  const taken = calls.filter(({ result, answeredMillis }) => result === "admitted" && answeredMillis >= healingMillis);
  const amid = calls.filter(({ sentMillis }) => sentMillis > injectedMillis && sentMillis < healingMillis);
  return {
    ...observations,
    fault,
    isOutage: times.isOutage,
    calls,
    buckets: await countBuckets(weir, calls, times),
    recoveryMillis: Math.min(...taken.map(({ answeredMillis }) => answeredMillis)) - healingMillis,
    steadyMillis: steadyFrom(calls, times) - healingMillis,
    failedShare: amid.filter(({ result }) => result === "failed").length / amid.length,
  };
}

/** Whether the store decided on a call that was sent after the fault. */
export function isDecided({ sentMillis, result }: Call, { healingMillis }: FaultTimes): boolean {
  return sentMillis >= healingMillis && (result === "admitted" || result === "refused");
}

/** When the store began to decide on each call again. */
function steadyFrom(calls: readonly Call[], times: FaultTimes): number {
  let inARow = 0;
  const last = calls.findIndex((call) => {
    inARow = isDecided(call, times) ? inARow + 1 : 0;
    return inARow === STEADY_CALLS;
  });
  return calls[last - STEADY_CALLS + 1]?.answeredMillis ?? Number.POSITIVE_INFINITY;
}

async function countBuckets(weir: WeirProcess, calls: readonly Call[], times: FaultTimes): Promise<BucketCount[]> {
  const byName = new Map<string, { bucket: Bucket; calls: Call[] }>();
  for (const call of calls) {
    for (const bucket of call.offer.buckets) {
      const known = byName.get(nameOf(bucket));
      if (known === undefined) byName.set(nameOf(bucket), { bucket, calls: [call] });
      else known.calls.push(call);
    }
  }
  const client = new GrpcClient(weir.grpcPort);
  try {
    const counts: BucketCount[] = [];
    for (const { bucket, calls: own } of byName.values()) {
      const remaining = isRefilling(bucket) ? undefined : await peek(client, bucket);
      counts.push({ bucket, remaining, ...countCalls(own, times) });
    }
    return counts;
  } finally {
    client.close();
  }
}

function countCalls(calls: readonly Call[], times: FaultTimes) {
  const { beganMillis, healingMillis } = times;
  const isAtRisk = ({ result, answeredMillis }: Call): boolean =>
    result === "admitted" && answeredMillis > beganMillis - REPLICATION_MILLIS && answeredMillis < healingMillis;
  const isDoubtful = ({ offer, result, words, sentMillis }: Call): boolean =>
    (result === "failed" || result === "broken") &&
    // Of a request over several slots one part may have failed so, and another been charged.
    !(offer.buckets.length === 1 && UNCHARGED.test(words)) &&
    !isWithinOutage(sentMillis, times);
  const firstMillis = Math.min(...calls.map(({ sentMillis }) => sentMillis));
  const lastMillis = Math.max(...calls.map(({ answeredMillis }) => answeredMillis));
  return {
    offered: calls.length,
    admitted: calls.filter(({ result }) => result === "admitted").length,
    doubtful: calls.filter(isDoubtful).length,
    atRisk: calls.filter(isAtRisk).length,
    seconds: (lastMillis - firstMillis) / 1000,
  };
}

/** Whether Redis could not be reached from the moment on at which a call was sent until its deadline. */
function isWithinOutage(sentMillis: number, { isOutage, injectedMillis, healingMillis }: FaultTimes): boolean {
  const last = healingMillis - DEADLINE_MILLIS - ON_ITS_WAY_MILLIS;
  return isOutage && sentMillis > injectedMillis + EDGE_MILLIS && sentMillis < last;
}

/** What is left in a bucket. */
async function peek(client: GrpcClient, bucket: Bucket): Promise<number> {
  return await until(`a peek at ${nameOf(bucket)}`, async () => {
    const answer = await client.shouldRateLimitBytes(peekBytes(bucket)).then(readAnswer, () => undefined);
    return answer?.isDecided ? answer.remaining[0] : undefined;
  });
}

/** What else than the limits lets calls in, or adds tokens (D11). */
export interface Exceptions {
  /** How often all buckets became full again, such as by FLUSHALL. Default 0. */
  readonly freshStarts?: number;
  /** By how much the server's clock was stepped forward. Default 0. */
  readonly steppedSeconds?: number;
}

/** The most that may have been admitted from a bucket. */
export function mostAdmitted({ bucket, offered, seconds }: BucketCount, exceptions: Exceptions = {}): number {
  const { freshStarts = 0, steppedSeconds = 0 } = exceptions;
  const [burst, perSecond] = [burstOf(bucket), perSecondOf(bucket)];
  const stepped = Math.min(burst, Math.ceil(perSecond * steppedSeconds));
  return Math.min(offered, burst * (1 + freshStarts) + stepped + Math.floor(perSecond * seconds));
}

/** The most calls that may have been admitted. */
export function mostAdmittedOf({ calls, buckets }: FaultReport, exceptions: Exceptions = {}): number {
  const most = new Map(buckets.map((count) => [nameOf(count.bucket), mostAdmitted(count, exceptions)]));
  const offers = new Map(calls.map(({ offer }) => [offer.buckets.map(nameOf).join(), offer]));
  let sum = 0;
  for (const { buckets: asked } of offers.values()) {
    sum += Math.min(...asked.map((bucket) => most.get(nameOf(bucket)) ?? 0));
  }
  return sum;
}

/**
 * Tokens that were charged without the caller hearing of it; below 0 those that were admitted and then forgotten, or
 * that came from elsewhere.
 */
export function unheardIn({ bucket, admitted, remaining }: BucketCount): number {
  return remaining === undefined ? 0 : burstOf(bucket) - admitted - remaining;
}
