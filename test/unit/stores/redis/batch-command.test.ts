import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type BatchOptions,
  batchCommand,
  encodeKeyPrefix,
  keyedOf,
  type Operation,
} from "../../../../src/stores/redis/batch-command.js";
import type { Action, Role } from "../../../../src/stores/store.js";
import {
  MINUTE,
  peek,
  perPeriod,
  perWindow,
  refund,
  report,
  SECOND,
  take,
} from "../../../conformance/store-harness.js";
import { runs } from "../../../support/property-runs.js";

const OPTIONS: BatchOptions = { keyPrefix: "w|", lapseMicros: 900_000_000, givesBack: false };
const TOKENS = perPeriod(100, MINUTE, 20, 7);
const WINDOW = perWindow("fixed_window", 5, SECOND);
const SLIDING = perWindow("sliding_window", 6, MINUTE, 0);

describe("the command of a batch", () => {
  it("is laid out as the head of scripts/batch.lua says", () => {
    const operations: Operation[] = [
      { kind: "whole", charges: [take("a", TOKENS, 3), peek("b", WINDOW, "shadow")] },
      { kind: "part", charges: [report("b", WINDOW, 9, "quota"), refund("c", SLIDING, 4, "shadow_quota")] },
      {
        kind: "give_back",
        receipts: [{ key: "a", limit: TOKENS, hits: 2, peeks: 1, takenAtMicros: 1_795_392_000_123_456, missing: 8 }],
      },
    ];
    const { keys, numbers } = batchCommand(operations, 42, { ...OPTIONS, givesBack: true });
    expect(keys).toEqual(["w|a", "w|b", "w|c"]);
    expect(numbers).toEqual([
      ...[42, 900_000_000, 1, 3],
      ...[1, 100, MINUTE, 20, 7],
      ...[2, 5, SECOND, 5, 5],
      ...[3, 6, MINUTE, 6, 0],
      ...[1, 2, 1, 1, 1, 1, 3, 2, 2, 2, 3, 0],
      ...[2, 2, 2, 2, 3, 2, 9, 3, 3, 4, 4, 4],
      ...[3, 1, 1, 1, 2, 1, 1_795_392_000_123_456, 8],
    ]);
  });

  it("says that nothing is to be given back where there are no tags, and may run whenever it likes", () => {
    const { numbers } = batchCommand([{ kind: "whole", charges: [take("a", TOKENS)] }], -1, OPTIONS);
    expect(numbers.slice(0, 4)).toEqual([-1, 900_000_000, 0, 1]);
  });

  it("names each bucket and each limit once, in the order in which they come, and can be read back", () => {
    const roles: Role[] = ["enforced", "shadow", "quota", "shadow_quota"];
    const actions: Action[] = ["take", "report", "peek", "refund"];
    const limits = [TOKENS, WINDOW, SLIDING];
    const charge = fc.record({
      key: fc.constantFrom("a", "b", "c", "d", "e"),
      limit: fc.constantFrom(...limits),
      role: fc.constantFrom(...roles),
      action: fc.constantFrom(...actions),
      hits: fc.maxSafeNat(),
    });
    const kind = fc.constantFrom("whole" as const, "part" as const);
    const arbitrary = fc.array(fc.record({ kind, charges: fc.array(charge, { minLength: 1, maxLength: 5 }) }));
    const property = fc.property(arbitrary, (operations) => {
      const { keys, numbers } = batchCommand(operations, -1, OPTIONS);
      const charges = operations.flatMap((operation) => operation.charges);
      expect(keys).toEqual([...new Set(charges.map(({ key }) => `w|${key}`))]);
      const named = [...new Set(charges.map(({ limit }) => limit))];
      expect(numbers[3]).toBe(named.length);
      let at = 4 + 5 * named.length;
      for (const operation of operations) {
        expect(numbers.slice(at, at + 2)).toEqual([operation.kind === "whole" ? 1 : 2, operation.charges.length]);
        at += 2;
        for (const { key, limit, role, action, hits } of operation.charges) {
          const [keyAt = 0, limitAt = 0, ...rest] = numbers.slice(at, at + 5);
          expect([keys[keyAt - 1], named[limitAt - 1]]).toEqual([`w|${key}`, limit]);
          expect(rest).toEqual([roles.indexOf(role) + 1, actions.indexOf(action) + 1, hits]);
          at += 5;
        }
      }
      expect(at).toBe(numbers.length);
      // Redis reads doubles from text: nothing may be lost on the way.
      expect(JSON.parse(JSON.stringify(numbers))).toEqual(numbers);
    });
    fc.assert(property, { numRuns: runs(300) });
  });

  it("has the buckets of receipts as well as those of charges", () => {
    const receipt = { key: "r", limit: TOKENS, hits: 1, peeks: 0, takenAtMicros: 1, missing: 0 };
    expect(keyedOf({ kind: "give_back", receipts: [receipt] })).toEqual([receipt]);
    expect(keyedOf({ kind: "part", charges: [take("p", TOKENS)] })).toEqual([take("p", TOKENS)]);
  });
});

describe("the prefix of keys", () => {
  it("ends with the only bar in it, and has no braces", () => {
    expect(encodeKeyPrefix("weir:")).toBe("weir:|");
    expect(encodeKeyPrefix("{a|b}%")).toBe("%7Ba%7Cb%7D%25|");
  });

  it("is another one for another name", () => {
    const text = fc.string({ unit: fc.constantFrom("%", "|", "{", "}", "7", "C", "B", "a") });
    const property = fc.property(text, text, (one, other) => {
      expect(encodeKeyPrefix(one) === encodeKeyPrefix(other)).toBe(one === other);
      expect(encodeKeyPrefix(one)).toMatch(/^[^|{}]*\|$/);
    });
    fc.assert(property, { numRuns: runs(500) });
  });
});
