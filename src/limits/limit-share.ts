import { type BucketLimit, MAX_PERIOD_MICROS } from "./limit.js";

/** A share such as 0.29 is a little less as a double: 29 of 100 must not become 28 by that. */
const ROUNDING = 1 + 2 ** -50;

/**
 * The part of a limit that one of several processes takes on itself when they cannot count together: of windows so much
 * of their burst; of a token bucket so much of its burst, at the same share of its rate, by a period so much longer.
 * What can be taken at all stays so: at least 1. Anything else is rounded down, so that the parts never exceed the whole.
 * @param share above 0, up to 1, which gives the limit itself
 */
export function shareOfLimit(limit: BucketLimit, share: number): BucketLimit {
  if (share === 1) return limit;
  const { algorithm, tokensPerPeriod, periodMicros } = limit;
  const burst = atLeastOne(limit.burst, share);
  const maxDebt = part(limit.maxDebt, share);
  if (algorithm !== "token_bucket") {
    return { algorithm, tokensPerPeriod: atLeastOne(tokensPerPeriod, share), periodMicros, burst, maxDebt };
  }
  const longer = Math.ceil(periodMicros / share);
  if (longer <= MAX_PERIOD_MICROS) return { algorithm, tokensPerPeriod, periodMicros: longer, burst, maxDebt };
  // What such a period would bring in the longest one there is.
  const slower = atLeastOne(tokensPerPeriod, share * (MAX_PERIOD_MICROS / periodMicros));
  return { algorithm, tokensPerPeriod: slower, periodMicros: MAX_PERIOD_MICROS, burst, maxDebt };
}

function part(amount: number, share: number): number {
  return Math.floor(amount * share * ROUNDING);
}

/** 0 stays 0: a ban stays a ban. */
function atLeastOne(amount: number, share: number): number {
  return amount === 0 ? 0 : Math.max(1, part(amount, share));
}
