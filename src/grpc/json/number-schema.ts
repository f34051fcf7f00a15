import { z } from "zod";

/** A number as JSON writes one. */
const JSON_NUMBER = /^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$/;

/** No number that fits needs more, and reading a very long one would take long. */
const MAX_DIGITS = 100;

/**
 * A whole number in proto3 JSON, from 0 to max: a number or its text, with fraction or exponent as long as it is whole.
 * @param max above 2^53 it is a bound for the double nearest to what was written, so give or take that rounding
 * @param maxWords the same for people
 */
function wholeNumberSchema(max: number, maxWords: string) {
  const message = `must be a whole number from 0 to ${maxWords}`;
  return z.unknown().transform((value, context) => {
    const number = typeof value === "string" ? readNumber(value) : value;
    if (typeof number === "number" && Number.isInteger(number) && number >= 0 && number <= max) return number + 0; // never -0
    context.addIssue({ code: "custom", message });
    return z.NEVER;
  });
}

function readNumber(text: string): number {
  return text.length <= MAX_DIGITS && JSON_NUMBER.test(text) ? Number(text) : Number.NaN;
}

/** uint32, and google.protobuf.UInt32Value. */
export const uint32Schema = wholeNumberSchema(2 ** 32 - 1, "4294967295");

/** uint64, and google.protobuf.UInt64Value; exact up to 2^53 - 1 and clamped there (D1). */
export const hitsSchema = wholeNumberSchema(2 ** 64, "18446744073709551615").transform((hits) =>
  Math.min(hits, Number.MAX_SAFE_INTEGER),
);
