import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { multiplyDivide } from "../../../src/limits/exact.js";
import { MAX_PERIOD_MICROS } from "../../../src/limits/limit.js";
import { ofAnySize } from "../../support/model/arbitrary-limits.js";
import { runs } from "../../support/property-runs.js";

const MAX = Number.MAX_SAFE_INTEGER;

/** Operands of all sizes, and those next to where they end. */
const operands = fc
  .oneof(ofAnySize(MAX_PERIOD_MICROS), fc.constantFrom(1, 2, MAX_PERIOD_MICROS - 1, MAX_PERIOD_MICROS))
  .chain((divisor) => {
    const below = fc.oneof(fc.nat({ max: divisor - 1 }), fc.constantFrom(0, divisor - 1));
    const y = fc.oneof(ofAnySize(MAX), fc.constantFrom(0, 1, MAX - 1, MAX));
    return fc.record({ x: below, y, z: below, divisor: fc.constant(divisor) });
  });

describe("multiplyDivide", () => {
  it("divides a product and a sum as exactly as BigInt does", () => {
    const property = fc.property(operands, ({ x, y, z, divisor }) => {
      const sum = BigInt(x) * BigInt(y) + BigInt(z);
      expect(multiplyDivide(x, y, z, divisor)).toEqual({
        quotient: Number(sum / BigInt(divisor)),
        remainder: Number(sum % BigInt(divisor)),
      });
    });
    fc.assert(property, { numRuns: runs(5_000) });
  });

  it("is exact next to multiples of the divisor, where a rounded quotient would be one too large", () => {
    const property = fc.property(ofAnySize(2 ** 26), ofAnySize(2 ** 26), (divisor, quotient) => {
      const below = divisor * quotient - 1;
      expect(multiplyDivide(0, 0, below % divisor, divisor)).toEqual({ quotient: 0, remainder: below % divisor });
      expect(multiplyDivide(1, below, 0, divisor + 1)).toEqual({
        quotient: Number(BigInt(below) / BigInt(divisor + 1)),
        remainder: Number(BigInt(below) % BigInt(divisor + 1)),
      });
    });
    fc.assert(property, { numRuns: runs(2_000) });
  });
});
