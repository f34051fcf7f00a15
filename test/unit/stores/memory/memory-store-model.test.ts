import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DEFAULT_PENDING_LAPSE_MICROS } from "../../../../src/limits/pending-charges.js";
import { MemoryStore } from "../../../../src/stores/memory/memory-store.js";
import { arbitraryHistory, emptyTally, HistoryRun } from "../../../support/model/history.js";

/** 2026-11-23, so that the numbers are of the size they will have. */
const START_MICROS = 1_795_392_000_000_000;

describe("the memory store and the exact model", () => {
  for (const pendingLapseMicros of [DEFAULT_PENDING_LAPSE_MICROS, 1_000]) {
    it(`answer the same to any history, with pending charges kept for ${pendingLapseMicros} us`, async () => {
      const tally = emptyTally();
      const property = fc.asyncProperty(arbitraryHistory(60), async (history) => {
        let clock = START_MICROS;
        const store = new MemoryStore({ nowMicros: () => clock, pendingLapseMicros });
        const run = new HistoryRun(history, "k", pendingLapseMicros, tally);
        await run.against({
          decide: (charges) => store.decide(charges),
          nowMicros: () => clock,
          advance: (micros) => {
            clock += micros;
          },
        });
      });
      await fc.assert(property, { numRuns: 300 });
      for (const [what, count] of Object.entries(tally))
        expect(count, what).toBeGreaterThan(what === "freshened" ? 0 : 50);
    });
  }
});
