import { randomUUID } from "node:crypto";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { InspectableStore } from "../../src/stores/store.js";
import { arbitraryHistory, emptyTally, type History, HistoryRun } from "../support/model/history.js";
import { describeAlgorithmsTogether } from "./sentences/algorithms-together.js";
import { describeAllOrNothing } from "./sentences/all-or-nothing.js";
import { describeCostAfterTheFact, SHORT_LAPSE_MICROS } from "./sentences/cost-after-the-fact.js";
import { describeFixedWindow } from "./sentences/fixed-window.js";
import { describeInFlight } from "./sentences/in-flight.js";
import { describeLookingAndResetting } from "./sentences/looking-and-resetting.js";
import { describeOnlyTimeAdds } from "./sentences/only-time-adds.js";
import { describeSlidingWindow } from "./sentences/sliding-window.js";
import { describeTokenBucket } from "./sentences/token-bucket.js";
import { ALGORITHMS, type InspectableHarness, type StoreHarness } from "./store-harness.js";

/** A store with a clock that tests move. One process may serve all tests of a file: tests use fresh keys. */
export interface StoreUnderTest {
  readonly store: InspectableStore;
  /** The store's clock, microseconds since the epoch. */
  nowMicros(): number;
  /**
   * Moves the store's clock by so many microseconds, also back. Between calls the clock must stand still: most
   * sentences are exact to the microsecond.
   */
  advance(micros: number): Promise<void>;
  /** Closes the store and whatever was started for it. */
  close(): Promise<void>;
}

/** Starts a store; `pendingLapseMicros` is how long it keeps pending charges (D5), by default 15 minutes. */
export type OpenStore = (options: { pendingLapseMicros?: number }) => Promise<StoreUnderTest>;

/** More than any store needs: the suite is about answers, not about deadlines. */
const BUDGET_MILLIS = 10_000;

const HISTORIES = 40;
const REQUESTS_PER_HISTORY = 40;

export interface SuiteOptions {
  /**
   * The store decides over requests in parts. A refused one then leaves a trace: its buckets have been written, at that
   * time and by those limits. So histories where the clock steps back or limits change may give fewer tokens.
   */
  readonly inParts?: boolean;
}

/** Sentences that hold for every store, and histories that every store answers as the exact model does. */
export function describeStoreConformance(name: string, open: OpenStore, options: SuiteOptions = {}): void {
  describe(`the ${name} store`, () => {
    const shortLapse = { pendingLapseMicros: SHORT_LAPSE_MICROS };
    describe("takes tokens from a bucket and", () => withStore(open, {}, describeTokenBucket));
    describe("lets only time add tokens and", () => withStore(open, {}, describeOnlyTimeAdds));
    describe("counts by fixed windows and", () => withStore(open, {}, describeFixedWindow));
    describe("counts by sliding windows and", () => withStore(open, {}, describeSlidingWindow));
    describe("mixes algorithms and", () => withStore(open, {}, describeAlgorithmsTogether));
    describe("is looked at, is reset and", () => withStore(open, {}, describeLookingAndResetting));
    describe.for(ALGORITHMS)("by %s", (algorithm) => {
      describe("decides over a request and", () =>
        withStore(open, {}, (harness) => describeAllOrNothing(harness, algorithm)));
      describe("serves requests in flight and", () =>
        withStore(open, {}, (harness) => describeInFlight(harness, algorithm)));
      describe("settles costs after the fact and", () =>
        withStore(open, shortLapse, (harness) => describeCostAfterTheFact(harness, algorithm)));
    });
    describe("meets the exact model and", () =>
      withStore(open, shortLapse, (harness) => describeHistories(harness, options)));
  });
}

/** Opens one store for all sentences of a group. */
function withStore(
  open: OpenStore,
  options: { pendingLapseMicros?: number },
  sentences: (harness: () => InspectableHarness) => void,
): void {
  let opened: StoreUnderTest | undefined;
  let harness: InspectableHarness | undefined;
  beforeAll(async () => {
    const subject = await open(options);
    opened = subject;
    const run = randomUUID();
    let keys = 0;
    harness = {
      decide: async (charges) => await subject.store.decide(charges, BUDGET_MILLIS),
      inspect: (buckets) => subject.store.inspect(buckets),
      reset: (keys) => subject.store.reset(keys),
      nowMicros: () => subject.nowMicros(),
      advance: (micros) => subject.advance(micros),
      freshKey: () => `suite|${run}|${++keys}`,
    };
  });
  afterAll(() => opened?.close());
  it("is ready once it is open", () => {
    expect(opened?.store.isReady()).toBe(true);
  });
  sentences(() => harness as InspectableHarness);
}

function describeHistories(harness: () => StoreHarness, { inParts = false }: SuiteOptions): void {
  it("answers the same to any history", async () => {
    const tally = emptyTally();
    const histories = arbitraryHistory(REQUESTS_PER_HISTORY).map((history) =>
      inParts ? undisturbed(history) : history,
    );
    const property = fc.asyncProperty(histories, async (history) => {
      await new HistoryRun(history, harness().freshKey(), SHORT_LAPSE_MICROS, tally).against(harness());
    });
    await fc.assert(property, { numRuns: HISTORIES, endOnFailure: true });
    expect(tally.requests).toBeGreaterThan(HISTORIES);
  });
}

/** The same history without steps back of the clock, and with one version of each limit. */
function undisturbed(history: History): History {
  const requests = history.requests.map((request) => {
    const step = request.step.kind === "back" ? { ...request.step, kind: "none" as const } : request.step;
    return { ...request, step, version: 0 };
  });
  return { ...history, requests };
}
