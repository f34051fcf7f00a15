import { z } from "zod";
import { MAX_TOKENS, MAX_TOKENS_PER_PERIOD } from "../limits/limit.js";
import { ALGORITHMS, algorithmOf, describeAlgorithm } from "./algorithm.js";
import {
  describePeriod,
  describeUnit,
  hasFittingPeriod,
  type Period,
  UNIT_CHOICE,
  UNIT_FOR_EDITORS,
  unitOf,
} from "./period.js";
import { faultOf, faultOfKey, filledText, flag, text, wholeNumber } from "./schema-fields.js";

const algorithmName = text
  .refine((name) => algorithmOf(name) !== undefined, faultOf("unknown-algorithm", describeAlgorithm))
  .meta({ enum: ALGORITHMS });

/** `algorithm`, of a limit or of a file, with what editors say of it. */
export function algorithmField(description: string) {
  return algorithmName.meta({ description }).optional();
}

const replacesEntrySchema = z
  .strictObject({ name: filledText.meta({ description: "The name of a limit that drops when this one is met." }) })
  .meta({ title: "replaces" });

/** What limits of every form have. */
export const namedLimitShape = {
  name: text.optional().meta({
    description: "Tells the limit apart: in X-RateLimit headers, in replaces, and in the identity of its bucket.",
  }),
  replaces: z
    .array(replacesEntrySchema, { error: "a list of maps with a name" })
    .optional()
    .meta({ description: "Limits of this domain that drop from a request when this one is met." }),
  max_debt: wholeNumber(0, MAX_TOKENS).optional().meta({
    description: "How far below zero a cost that is reported after the fact may take the bucket. Default: the burst.",
  }),
};

/** `rate_limit`: one rate. */
export const rateLimitSchema = z
  .strictObject({
    requests_per_unit: wholeNumber(0, MAX_TOKENS_PER_PERIOD).optional().meta({
      description: "Requests (or tokens) that a unit brings, spread evenly. 0, or nothing, refuses every request.",
    }),
    unit: text
      .refine((unit) => unitOf(unit) !== undefined, faultOf("unknown-unit", describeUnit))
      .meta({ description: "The period, in any case: a month is 30 days, a year 365.", anyOf: UNIT_FOR_EDITORS })
      .optional(),
    unit_multiplier: wholeNumber(1, MAX_TOKENS_PER_PERIOD).optional().meta({
      description: "How many units make the period. Default: 1.",
    }),
    burst: wholeNumber(0, MAX_TOKENS).optional().meta({
      description:
        "How many requests at once a full bucket lets through (token_bucket only). Default: requests_per_unit.",
    }),
    algorithm: algorithmField("How the limit counts. Default: the file's algorithm, else the server's default."),
    unlimited: flag.optional().meta({ description: "Lets everything through; stands in place of a rate." }),
    ...namedLimitShape,
  })
  .refine(
    (limit) => limit.unit !== undefined || limit.unlimited === true,
    faultOfKey("missing-unit", "unit", `unit is required: ${UNIT_CHOICE} (or unlimited: true)`),
  )
  .refine(
    (limit) => limit.unit === undefined || limit.unlimited !== true,
    faultOfKey("unlimited-with-unit", "unit", "an unlimited limit has no unit; remove unit, or remove unlimited"),
  )
  .refine(
    (limit) => limit.unlimited === true || limit.burst === undefined || (limit.requests_per_unit ?? 0) !== 0,
    faultOfKey(
      "burst-without-rate",
      "burst",
      "burst has no meaning here: requests_per_unit is 0 or missing, which refuses every request",
    ),
  )
  .refine(
    (limit) => limit.unlimited === true || hasFittingPeriod(limit),
    faultOfKey("period-too-long", "unit_multiplier", (limit) => describePeriod(limit as Period)),
  )
  .refine((limit) => !replacesItself(limit), replacesItselfFault())
  .meta({ id: "limit", title: "rate_limit" });

/** Whether a limit names itself in `replaces`; bears values of any type. */
export function replacesItself(limit: { name?: unknown; replaces?: unknown }): boolean {
  const { name, replaces } = limit;
  if (typeof name !== "string" || name === "" || !Array.isArray(replaces)) return false;
  return replaces.some((entry: { name?: unknown } | null) => entry?.name === name);
}

/** What such a limit is told. */
export function replacesItselfFault() {
  const error = "replaces names the limit's own name; a limit cannot replace itself";
  return faultOfKey("replaces-itself", "replaces", error);
}

export type RateLimitRules = z.infer<typeof rateLimitSchema>;
