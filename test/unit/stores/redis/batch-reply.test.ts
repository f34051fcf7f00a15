import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readBatchReply, readPart, readVerdict } from "../../../../src/stores/redis/batch-reply.js";
import { MINUTE, perPeriod, take } from "../../../conformance/store-harness.js";
import { runs } from "../../../support/property-runs.js";

const ONE = [take("a", perPeriod(10, MINUTE))];
const TWO = [...ONE, take("b", perPeriod(10, MINUTE))];

describe("the reply to a batch", () => {
  it("is Redis' time and an entry for each operation", () => {
    expect(readBatchReply([1_795_392_000_123_456, "LATE", [1, 2]], 2)).toEqual({
      nowMicros: 1_795_392_000_123_456,
      entries: ["LATE", [1, 2]],
    });
  });

  it.for([
    { what: "a status", reply: "OK" },
    { what: "nothing", reply: null },
    { what: "too short", reply: [1] },
    { what: "too long", reply: [1, [], []] },
    { what: "without a time", reply: [null, []] },
    { what: "with half a microsecond", reply: [1.5, []] },
    { what: "with a time in words", reply: ["1795392000123456", []] },
  ])("is none when it is $what", ({ reply }) => {
    expect(readBatchReply(reply, 1)).toBeUndefined();
  });
});

describe("the entry of a whole request", () => {
  it("has an outcome for each charge", () => {
    expect(readVerdict([1, 3, -4, 600, -1, 0, 0, "18014398509481984", 5], TWO)).toEqual({
      admitted: true,
      outcomes: [
        { fits: true, settled: true, tokens: -4, untilFullMicros: 600, untilFitsMicros: Number.POSITIVE_INFINITY },
        { fits: false, settled: false, tokens: 0, untilFullMicros: 2 ** 54, untilFitsMicros: 5 },
      ],
    });
    expect(readVerdict([0, 2, 1, 0, 0], ONE)).toMatchObject({ admitted: false, outcomes: [{ settled: true }] });
  });

  it.for([
    { what: "words", entry: "LATE" },
    { what: "another length", entry: [1, 1, 1, 0] },
    { what: "an answer that is neither yes nor no", entry: [2, 1, 1, 0, 0] },
    { what: "unknown flags", entry: [1, 4, 1, 0, 0] },
    { what: "half a token", entry: [1, 1, 1.5, 0, 0] },
    { what: "a time before now", entry: [1, 1, 1, -2, 0] },
    { what: "a time that is no number", entry: [1, 1, 1, 0, "1e9"] },
    { what: "a time of no digits", entry: [1, 1, 1, 0, ""] },
  ])("is none with $what", ({ entry }) => {
    expect(readVerdict(entry, ONE)).toBeUndefined();
  });
});

describe("the entry of a part", () => {
  it("has the outcomes of both ends, what was missing and what was taken", () => {
    expect(readPart([1, 1, 7, 100, 0, 9, 60, 0, 1, 2], ONE)).toEqual({
      refuses: false,
      ifAdmitted: [{ fits: true, settled: false, tokens: 7, untilFullMicros: 100, untilFitsMicros: 0 }],
      ifRefused: [{ fits: true, settled: false, tokens: 9, untilFullMicros: 60, untilFitsMicros: 0 }],
      missing: [1],
      taken: [2],
    });
    expect(readPart([0, 0, 0, 100, 10, 0, 100, 10, 9, 0], ONE)?.refuses).toBe(true);
  });

  it.for([
    { what: "the width of a whole request", entry: [1, 1, 7, 100, 0] },
    { what: "a missing that is no number", entry: [1, 1, 7, 100, 0, 9, 60, 0, "1", 2] },
    { what: "half a taken token", entry: [1, 1, 7, 100, 0, 9, 60, 0, 1, 0.5] },
    { what: "a broken second outcome", entry: [1, 1, 7, 100, 0, 9, -7, 0, 1, 2] },
  ])("is none with $what", ({ entry }) => {
    expect(readPart(entry, ONE)).toBeUndefined();
  });
});

describe("whatever else Redis or a proxy before it may reply", () => {
  const number = fc.oneof(fc.constantFrom(0, 1, 2, 3, -1), fc.double(), fc.maxSafeInteger());
  const field = fc.oneof({ weight: 8, arbitrary: number }, fc.string(), fc.constant(null), fc.array(fc.nat()));
  const arbitrary = fc.oneof(
    fc.anything(),
    fc.array(field, { minLength: 5, maxLength: 5 }),
    fc.array(field, { minLength: 10, maxLength: 10 }),
  );

  it("is read without a throw, and what is read is sound", () => {
    const property = fc.property(arbitrary, (entry) => {
      const verdict = readVerdict(entry, ONE);
      const part = readPart(entry, ONE);
      expect(readBatchReply(entry, 3)?.entries ?? [1, 2, 3]).toHaveLength(3);
      for (const outcome of [...(verdict?.outcomes ?? []), ...(part?.ifAdmitted ?? []), ...(part?.ifRefused ?? [])]) {
        expect(Number.isSafeInteger(outcome.tokens)).toBe(true);
        expect(outcome.untilFullMicros).toBeGreaterThanOrEqual(0);
        expect(outcome.untilFitsMicros).toBeGreaterThanOrEqual(0);
      }
      expect(verdict?.outcomes.length ?? 1).toBe(1);
      expect(part?.taken.every(Number.isSafeInteger) ?? true).toBe(true);
    });
    fc.assert(property, { numRuns: runs(3_000) });
  });
});
