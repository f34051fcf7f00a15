import { describe, expect, it } from "vitest";
import { decideCommand } from "../../../../src/stores/redis/decide-command.js";

const LIMIT = {
  algorithm: "token_bucket" as const,
  tokensPerPeriod: 10,
  periodMicros: 1_000_000,
  burst: 20,
  maxDebt: 5,
};

describe("the command of a request", () => {
  it("names each bucket once, with the limit of its first charge", () => {
    const first = { key: "a", limit: LIMIT, role: "enforced", action: "take", hits: 1 } as const;
    const second = {
      key: "b",
      limit: { ...LIMIT, algorithm: "fixed_window", burst: 30 },
      role: "quota",
      action: "peek",
      hits: 0,
    } as const;
    const third = { ...first, limit: { ...LIMIT, burst: 40 }, action: "refund", hits: 2 ** 53 - 1 } as const;
    const { keys, args } = decideCommand([first, second, third], "p|", 900);
    expect(keys).toEqual(["p|a", "p|b"]);
    const limits = ["token_bucket", 10, 1_000_000, 20, 5, "fixed_window", 10, 1_000_000, 30, 5];
    const charges = [1, "enforced", "take", 1, 2, "quota", "peek", 0, 1, "enforced", "refund", 9007199254740991];
    expect(args).toEqual([900, ...limits, ...charges]);
  });
});
