import { setTimeout as pause } from "node:timers/promises";
import { onTestFinished } from "vitest";
import { sumOf } from "../metrics-text.js";
import { until } from "../until.js";
import type { WeirProcess } from "../weir-process.js";
import type { Offer } from "./buckets.js";
import { DEADLINE_MILLIS, type FaultReport, type FaultTimes, isDecided, reportOn } from "./fault-report.js";
import { OpenLoop } from "./open-loop.js";
import { bytesKept, peakResidentBytes, residentBytes } from "./process-memory.js";
import { offersOf } from "./traffic.js";

/** What is the same for all Weirs of this suite: a deadline that our machine can hold, and an error for D13. */
export const FAULT_SETTINGS = {
  WEIR_STORE_TIMEOUT: `${DEADLINE_MILLIS}ms`,
  WEIR_ON_STORE_FAILURE: "error",
};

const DEFAULT_PER_SECOND = 800;
const WARM_MILLIS = 1_200;
/** So many calls in a row that the store decided, half a second of them, mean that it is back for good. */
const LASTING_CALLS = 400;
/** For that. Each stall of the machine in which a deadline passes has them counted anew. */
const LASTING_MILLIS = 20_000;

export interface FaultRunOptions {
  /** Its name, in the table. */
  readonly fault: string;
  readonly weirs: readonly WeirProcess[];
  readonly perSecond?: number;
  /** Default: a mix of all kinds of buckets, for this run alone. */
  readonly offers?: (index: number) => Offer;
}

export interface Fault {
  readonly inject: () => unknown;
  /** Milliseconds, or what it waits for. */
  readonly lasts: number | (() => Promise<unknown>);
  /** Ends it. Absent: it is over when it has happened. */
  readonly heal?: () => unknown;
  /** Whether Redis cannot be reached while it lasts: then what fails meanwhile is charged by nobody. */
  readonly isOutage?: boolean;
}

/** Load on Weir, a fault amid it, and the account of both. */
export class FaultRun {
  readonly load: OpenLoop;
  readonly #options: FaultRunOptions;
  readonly #metricsBefore: readonly string[];
  #times: FaultTimes | undefined;
  readonly #memory: { residentBefore: number; residentPeak: number; keptBefore: number; keptAtEnd?: number };
  #metricsAtEnd = "";

  private constructor(options: FaultRunOptions, metricsBefore: readonly string[], keptBefore: number) {
    const { weirs, perSecond = DEFAULT_PER_SECOND, offers = offersOf(options.fault) } = options;
    this.#options = options;
    this.#metricsBefore = metricsBefore;
    this.#memory = { residentBefore: 0, residentPeak: 0, keptBefore };
    this.load = new OpenLoop(weirs, perSecond, offers);
  }

  /** Begins the load, and waits until it flows. The load ends with the test at the latest. */
  static async start(options: FaultRunOptions): Promise<FaultRun> {
    const keptBefore = await bytesKept(options.weirs[0]!);
    const run = new FaultRun(options, await settledMetricsOf(options.weirs), keptBefore);
    onTestFinished(() => run.load.stop());
    run.load.start();
    await pause(WARM_MILLIS);
    await until("calls are admitted", () => run.load.calls.some(({ result }) => result === "admitted") || undefined);
    return run;
  }

  get #weir(): WeirProcess {
    return this.#options.weirs[0]!;
  }

  /** When its fault was. */
  get times(): FaultTimes {
    if (this.#times === undefined) throw new Error("a run without a fault");
    return this.#times;
  }

  /** The one fault of this run. */
  async fault({ inject, lasts, heal, isOutage = false }: Fault): Promise<void> {
    const { pid } = this.#weir;
    this.#memory.residentBefore = residentBytes(pid);
    const beganMillis = performance.now();
    await inject();
    const injectedMillis = performance.now();
    await (typeof lasts === "number" ? pause(lasts) : lasts());
    // Collecting garbage holds calls up, which matters only to those that Redis answers.
    if (heal !== undefined) this.#memory.keptAtEnd = await bytesKept(this.#weir);
    this.#metricsAtEnd = await this.#weir.metrics();
    this.#memory.residentPeak = peakResidentBytes(pid);
    const healingMillis = heal === undefined && typeof lasts === "number" ? injectedMillis : performance.now();
    await heal?.();
    this.#times = { beganMillis, injectedMillis, healingMillis, isOutage };
  }

  /** Waits until the store decides again, ends the load, and gives the account. */
  async finish(): Promise<FaultReport> {
    const { load, times } = this;
    const { fault, weirs } = this.#options;
    const isSteady = (): boolean => {
      const latest = load.calls.slice(-LASTING_CALLS);
      return latest.length === LASTING_CALLS && latest.every((call) => isDecided(call, times));
    };
    await until(`the store decides again after: ${fault}`, () => isSteady() || undefined, LASTING_MILLIS);
    await load.stop();
    const keptAtEnd = this.#memory.keptAtEnd ?? (await bytesKept(this.#weir));
    const metrics = { metricsBefore: this.#metricsBefore, metricsAtEnd: this.#metricsAtEnd };
    const observations = { ...this.#memory, keptAtEnd, ...metrics, metricsAfter: await settledMetricsOf(weirs) };
    return await reportOn(fault, this.#weir, load.calls, times, observations);
  }
}

/**
 * What all Weirs tell without load. A stall of the machine may have opened a breaker for a moment, with the last calls: the
 * gauge of open breakers settles at 0, since probes find Redis and no call can open them again. All else counts calls, which
 * have been answered by then, and stays as it is.
 */
async function settledMetricsOf(weirs: readonly WeirProcess[]): Promise<string[]> {
  return await until("all breakers are closed", async () => {
    const texts = await Promise.all(weirs.map((weir) => weir.metrics()));
    return texts.every((text) => sumOf(text, "weir_store_breaker_open") === 0) ? texts : undefined;
  });
}
