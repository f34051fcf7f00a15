import { describe, expect, it } from "vitest";
import type { LimitDefaults } from "../../../../src/rules/xds/limit-defaults.js";
import type { LimitPlan } from "../../../support/rate-limit-config.js";
import { accept, NO_DEFAULTS } from "./accepted.js";

/** The only limit of a domain. */
function limitIn(domain: string, limit: LimitPlan, defaults: Partial<LimitDefaults>): unknown {
  const plan = { domain, descriptors: [{ key: "a", limit }] };
  const accepted = accept([plan], { defaults: { ...NO_DEFAULTS, ...defaults } });
  expect(accepted.faults).toEqual([]);
  return accepted.domain(domain)?.rules[0]?.limits[0];
}

const everywhere = <T>(value: T) => [{ pattern: "*", value }];
const TEN = { unit: 2, requests: 10 };

describe("a default", () => {
  it("says what a resource cannot: how its limits count", () => {
    const algorithm = [
      { pattern: "public/*", value: "fixed_window" as const },
      ...everywhere("sliding_window" as const),
    ];
    expect(limitIn("public/a", TEN, { algorithm })).toMatchObject({ bucket: { algorithm: "fixed_window" } });
    expect(limitIn("private/a", TEN, { algorithm })).toMatchObject({ bucket: { algorithm: "sliding_window" } });
    expect(limitIn("private/a", TEN, {})).toMatchObject({ bucket: { algorithm: "token_bucket" } });
  });

  it("says the burst and the debt, in tokens or times the rate", () => {
    const defaults = { burst: everywhere({ timesRate: 2.55 }), maxDebt: everywhere({ tokens: 7 }) };
    expect(limitIn("d", TEN, defaults)).toMatchObject({ bucket: { burst: 25, maxDebt: 7, tokensPerPeriod: 10 } });
    const others = { burst: everywhere({ tokens: 3 }), maxDebt: everywhere({ timesRate: 0 }) };
    expect(limitIn("d", TEN, others)).toMatchObject({ bucket: { burst: 3, maxDebt: 0 } });
  });

  it("is that of the first pattern that meets the domain, and of none where none does", () => {
    const burst = [
      { pattern: "a/*", value: { tokens: 1 } },
      { pattern: "a/b", value: { tokens: 2 } },
      { pattern: "c", value: { tokens: 3 } },
    ];
    const bursts = ["a/b", "c", "cc"].map((domain) => limitIn(domain, TEN, { burst }));
    expect(bursts).toMatchObject([{ bucket: { burst: 1 } }, { bucket: { burst: 3 } }, { bucket: { burst: 10 } }]);
  });

  it("of a burst leaves alone what has none: windows, bans, and what is unlimited", () => {
    const burst = everywhere({ timesRate: 2 });
    const windows = { burst, algorithm: everywhere("fixed_window" as const) };
    expect(limitIn("d", TEN, windows)).toMatchObject({ bucket: { burst: 10 } });
    expect(limitIn("d", { unit: 1, requests: 0 }, { burst })).toMatchObject({ bucket: { burst: 0 } });
    expect(limitIn("d", { unlimited: true }, { burst, maxDebt: burst })).toMatchObject({ unlimited: true });
  });

  it("of a part of the rate leaves at least one request, and of many no more than a bucket holds", () => {
    const tiny = limitIn("d", { unit: 1, requests: 1 }, { burst: everywhere({ timesRate: 0.1 }) });
    expect(tiny).toMatchObject({ bucket: { burst: 1 } });
    const most = { unit: 1, requests: 4_294_967_295 };
    const huge = limitIn("d", most, { burst: everywhere({ timesRate: 1_000_000 }) });
    expect(huge).toMatchObject({ bucket: { burst: 1e15 } });
  });

  it("is in force for the last good version too, which had it already", () => {
    const defaults = { ...NO_DEFAULTS, burst: everywhere({ timesRate: 2 }) };
    const first = accept([{ domain: "d", descriptors: [{ key: "a", limit: TEN }] }], { defaults });
    const second = accept([{ domain: "d", descriptors: [{ key: "a", limit: {} }] }], {
      inForce: first.files,
      defaults,
    });
    expect(second.faults).toHaveLength(1);
    expect(second.domain("d")?.rules[0]?.limits).toMatchObject([{ bucket: { burst: 20 } }]);
  });
});
