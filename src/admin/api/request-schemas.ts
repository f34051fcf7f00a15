import { z } from "zod";
import { MAX_TOKENS, MAX_TOKENS_PER_PERIOD } from "../../limits/limit.js";
import { describePeriod, hasFittingPeriod } from "../../rules/period.js";
import { sentAs } from "./sent-as.js";
import { UNITS } from "./units.js";

const MAX_NAME_LENGTH = 1_024;
/** A value may be as long as a header. */
const MAX_VALUE_LENGTH = 16_384;
const MAX_ENTRIES = 32;
const MAX_WHO_LENGTH = 100;
const MAX_WHY_LENGTH = 500;

/** Nothing that operators decide lasts longer: a rule is the place for what does. */
export const MAX_SECONDS = 366 * 86_400;

const domainSchema = z.string().min(1).max(MAX_NAME_LENGTH).meta({ description: "The domain of the rules." });

/** A descriptor as Envoy sends it. */
export const descriptorSchema = z
  .array(z.strictObject({ key: z.string().min(1).max(MAX_NAME_LENGTH), value: z.string().max(MAX_VALUE_LENGTH) }))
  .min(1)
  .max(MAX_ENTRIES)
  .meta({ description: "The descriptor as Envoy sends it: all its entries, in order." });

const whoSchema = z
  .string()
  .trim()
  .min(1)
  .max(MAX_WHO_LENGTH)
  .meta({ description: "Who decides this, for the audit log." });
const whySchema = z.string().trim().min(1).max(MAX_WHY_LENGTH).meta({ description: "And why." });

/** Which buckets. */
export const bucketRequestSchema = z.strictObject({ domain: domainSchema, descriptor: descriptorSchema });

/** Who makes a change, and why, where that is not demanded. */
export const resetRequestSchema = bucketRequestSchema.extend({ who: whoSchema.optional(), why: whySchema.optional() });

const wholeNumber = (least: number, most: number) => z.int().min(least).max(most);

const rateSchema = z
  .strictObject({
    unlimited: z.literal(false).optional(),
    requestsPerUnit: wholeNumber(0, MAX_TOKENS_PER_PERIOD),
    unit: z.enum(UNITS),
    unitMultiplier: wholeNumber(1, MAX_TOKENS_PER_PERIOD).optional(),
    burst: wholeNumber(0, MAX_TOKENS).optional().meta({ description: "Of a token bucket. Default: requestsPerUnit." }),
  })
  .refine(({ unit, unitMultiplier }) => hasFittingPeriod({ unit, unit_multiplier: unitMultiplier ?? 1 }), {
    path: ["unitMultiplier"],
    error: ({ input }) => {
      const { unit, unitMultiplier } = input as { unit: string; unitMultiplier?: number };
      return describePeriod({ unit, unit_multiplier: unitMultiplier }).replace("unit_multiplier", "unitMultiplier");
    },
  })
  .refine(({ requestsPerUnit, burst }) => burst === undefined || requestsPerUnit !== 0, {
    path: ["burst"],
    error: "burst has no meaning where requestsPerUnit is 0, which refuses every request",
  });

const limitSchema = z
  .discriminatedUnion("unlimited", [z.strictObject({ unlimited: z.literal(true) }), rateSchema])
  .meta({ description: "A rate, or unlimited: true." });

const decreeShape = {
  until: z.iso
    .datetime({ offset: true })
    .optional()
    .meta({ description: "When it ends, such as 2026-12-24T18:00:00Z; or say forSeconds." }),
  forSeconds: wholeNumber(1, MAX_SECONDS).optional().meta({ description: "How long it lasts; or say until." }),
  who: whoSchema,
  why: whySchema,
};

function saysOneEnd({ until, forSeconds }: { until?: unknown; forSeconds?: unknown }): boolean {
  return (until === undefined) !== (forSeconds === undefined);
}

const ONE_END = { path: ["until"], error: "say either until or forSeconds" };

export const overrideRequestSchema = z
  .strictObject({ domain: domainSchema, descriptor: descriptorSchema, limit: limitSchema, ...decreeShape })
  .refine(saysOneEnd, ONE_END);

export const pauseRequestSchema = z
  .strictObject({ paused: z.literal(true).meta({ description: "DELETE ends a pause." }), ...decreeShape })
  .refine(saysOneEnd, ONE_END);

/** Numbers of a query come as text. */
function queryNumber(least: number, most: number, otherwise: number) {
  const error = `must be a whole number from ${least} to ${most}`;
  const isNumber = (text: string): boolean => /^\d{1,9}$/.test(text) && Number(text) >= least && Number(text) <= most;
  return z
    .string({ error })
    .refine(isNumber, { error })
    .register(sentAs, { type: "integer", minimum: least, maximum: most, default: otherwise })
    .transform(Number)
    .default(otherwise);
}

export const rulesQuerySchema = z.strictObject({
  domain: domainSchema.optional(),
  offset: queryNumber(0, 999_999_999, 0),
  limit: queryNumber(1, 1_000, 200),
});

export const sourcesQuerySchema = z.strictObject({ offset: queryNumber(0, 999_999_999, 0) });

export const limitedQuerySchema = z.strictObject({ limit: queryNumber(1, 100, 20) });
