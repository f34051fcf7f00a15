import { describe, expect, it } from "vitest";
import type { Decision } from "../../../src/engine/decision.js";
import { EngineError } from "../../../src/engine/engine-error.js";
import { createShouldRateLimit } from "../../../src/grpc/rate-limit-service.js";

const REQUEST = { domain: "shop", descriptors: [], hitsAddend: 0 };
const CALLER = { remainingMillis: Number.POSITIVE_INFINITY, isCancelled: false };
const DECISION: Decision = { overallCode: "OVER_LIMIT", statuses: [] };

/** How an engine can fail: at once, or later. */
const WAYS = [
  ["throws", (error: unknown) => () => thrower(error)],
  ["rejects with", (error: unknown) => () => Promise.reject(error)],
] as const;

function thrower(error: unknown): never {
  throw error;
}

function service(decide: Parameters<typeof createShouldRateLimit>[0]["decide"]) {
  const faults: unknown[] = [];
  const reportFault = (_message: string, error: unknown): void => void faults.push(error);
  return { faults, shouldRateLimit: createShouldRateLimit({ decide, reportFault }) };
}

describe("ShouldRateLimit", () => {
  it("answers at once when the engine does", () => {
    expect(service(() => DECISION).shouldRateLimit(REQUEST, CALLER)).toEqual({ response: DECISION });
  });

  it("answers later when the engine does", async () => {
    const answer = service(() => Promise.resolve(DECISION)).shouldRateLimit(REQUEST, CALLER);
    expect(answer).toBeInstanceOf(Promise);
    expect(await answer).toEqual({ response: DECISION });
  });

  it("gives the engine the request and the call itself, to be asked again how it stands", () => {
    const asked: unknown[] = [];
    const { shouldRateLimit } = service((...args) => {
      asked.push(args);
      return DECISION;
    });
    void shouldRateLimit(REQUEST, CALLER);
    expect(asked).toEqual([[REQUEST, CALLER]]);
    expect((asked[0] as unknown[])[1]).toBe(CALLER);
  });

  describe.each(WAYS)("when the engine %s", (_way, fail) => {
    it("invalid_request, it answers INVALID_ARGUMENT with its words", async () => {
      const { faults, shouldRateLimit } = service(fail(new EngineError("invalid_request", "no domain")));
      expect(await shouldRateLimit(REQUEST, CALLER)).toEqual({ status: { code: 3, message: "no domain" } });
      expect(faults).toEqual([]);
    });

    it("store_failure, it answers UNAVAILABLE with its words (D13)", async () => {
      const { faults, shouldRateLimit } = service(fail(new EngineError("store_failure", "redis is late")));
      expect(await shouldRateLimit(REQUEST, CALLER)).toEqual({ status: { code: 14, message: "redis is late" } });
      expect(faults).toEqual([]);
    });

    it("no_rules, it answers UNAVAILABLE with its words", async () => {
      const { faults, shouldRateLimit } = service(fail(new EngineError("no_rules", "no rules yet")));
      expect(await shouldRateLimit(REQUEST, CALLER)).toEqual({ status: { code: 14, message: "no rules yet" } });
      expect(faults).toEqual([]);
    });

    it("cancelled, it answers CANCELLED", async () => {
      const { faults, shouldRateLimit } = service(fail(new EngineError("cancelled", "the caller has gone")));
      expect(await shouldRateLimit(REQUEST, CALLER)).toEqual({ status: { code: 1, message: "the caller has gone" } });
      expect(faults).toEqual([]);
    });

    it.each([new TypeError("secret detail"), "text", undefined])(
      "anything else (%s), it answers INTERNAL without details and tells the log",
      async (error) => {
        const { faults, shouldRateLimit } = service(fail(error));
        expect(await shouldRateLimit(REQUEST, CALLER)).toEqual({ status: { code: 13, message: "internal error" } });
        expect(faults).toEqual([error]);
      },
    );
  });
});
