import { z } from "zod";
import { MAX_TOKENS, MAX_TOKENS_PER_PERIOD } from "../limits/limit.js";
import { DURATION_PATTERN, readDuration } from "./duration.js";
import { namedLimitShape, replacesItself, replacesItselfFault } from "./limit-schema.js";
import { quote } from "./quote.js";
import { faultOf, text, wholeNumber } from "./schema-fields.js";

function describeInterval(written: unknown): string {
  return `fill_interval must be a duration in whole microseconds such as 100ms, 1.5s, 5m or 24h, at most 13031d, not ${quote(String(written))}`;
}

/** `token_bucket`: one rate in the words of Envoy's own local rate limit. */
export const tokenBucketSchema = z
  .strictObject({
    max_tokens: wholeNumber(1, MAX_TOKENS).meta({
      description: "How many tokens a full bucket holds: as many requests it lets through at once.",
    }),
    tokens_per_fill: wholeNumber(1, MAX_TOKENS_PER_PERIOD).optional().meta({
      description: "Tokens that an interval brings, spread evenly. Default: 1.",
    }),
    fill_interval: text
      .refine((written) => readDuration(written) !== undefined, faultOf("invalid-duration", describeInterval))
      .meta({
        description: "How long tokens_per_fill take to come, such as 100ms, 1s or 5m.",
        pattern: DURATION_PATTERN,
      }),
    ...namedLimitShape,
  })
  .refine((limit) => !replacesItself(limit), replacesItselfFault())
  .meta({ title: "token_bucket" });

export type TokenBucketRules = z.infer<typeof tokenBucketSchema>;
