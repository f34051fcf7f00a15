/** Integers up to here are exact in a double, in JavaScript as in Redis' Lua. */
const MAX_SAFE = Number.MAX_SAFE_INTEGER;

/** A quotient and what is left of it, both whole. */
export interface Quotient {
  readonly quotient: number;
  readonly remainder: number;
}

/**
 * Divides `x * y + z` by `divisor` exactly, though the product may be far beyond 2^53.
 *
 * Where the product does not fit a double, `y` is cut into digits of a radix so small that each step fits: the
 * schoolbook's long multiplication, with the remainder carried from digit to digit (Horner's scheme).
 * @param x whole, 0 <= x < divisor, so that the quotient stays near `y`
 * @param y whole, 0 <= y <= 2^53 - 1
 * @param z whole, 0 <= z < divisor
 * @param divisor whole, 1 <= divisor <= 2^50
 */
export function multiplyDivide(x: number, y: number, z: number, divisor: number): Quotient {
  const direct = x * y + z;
  if (direct <= MAX_SAFE) {
    const quotient = Math.floor(direct / divisor);
    return { quotient, remainder: direct - quotient * divisor };
  }
  // radix * remainder + x * digit + z < 2 * radix * divisor + divisor, which this radix keeps below 2^53.
  const radix = Math.floor(MAX_SAFE / (2 * divisor)) - 1;
  const leading = Math.floor(y / radix);
  const head = multiplyDivide(x, leading, 0, divisor);
  const rest = radix * head.remainder + x * (y - leading * radix) + z;
  const carry = Math.floor(rest / divisor);
  return { quotient: radix * head.quotient + carry, remainder: rest - carry * divisor };
}
