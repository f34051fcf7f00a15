import { z } from "zod";
import { MAX_TOKENS, MAX_TOKENS_PER_PERIOD } from "../limits/limit.js";
import { describePeriod, describeUnit, hasFittingPeriod, type Period, UNIT_CHOICE, unitOf } from "./period.js";
import { filledText, flag, onAnyMap, text, wholeNumber } from "./schema-fields.js";

const replacesEntrySchema = z.strictObject({ name: filledText }).meta({ title: "replaces" });

/** `rate_limit`: one rate. */
export const rateLimitSchema = z
  .strictObject({
    requests_per_unit: wholeNumber(0, MAX_TOKENS_PER_PERIOD).optional(),
    unit: text.refine((unit) => unitOf(unit) !== undefined, { error: (issue) => describeUnit(issue.input) }).optional(),
    unit_multiplier: wholeNumber(1, MAX_TOKENS_PER_PERIOD).optional(),
    burst: wholeNumber(1, MAX_TOKENS).optional(),
    max_debt: wholeNumber(0, MAX_TOKENS).optional(),
    unlimited: flag.optional(),
    name: text.optional(),
    replaces: z.array(replacesEntrySchema, { error: "a list of maps with a name" }).optional(),
  })
  .refine((limit) => limit.unit !== undefined || limit.unlimited === true, {
    ...onAnyMap,
    path: ["unit"],
    error: `unit is required: ${UNIT_CHOICE} (or unlimited: true)`,
  })
  .refine((limit) => limit.unit === undefined || limit.unlimited !== true, {
    ...onAnyMap,
    path: ["unit"],
    error: "an unlimited limit has no unit; remove unit, or remove unlimited",
  })
  .refine((limit) => limit.unlimited === true || limit.burst === undefined || (limit.requests_per_unit ?? 0) !== 0, {
    ...onAnyMap,
    path: ["burst"],
    error: "burst has no meaning here: requests_per_unit is 0 or missing, which refuses every request",
  })
  .refine((limit) => limit.unlimited === true || hasFittingPeriod(limit), {
    ...onAnyMap,
    path: ["unit_multiplier"],
    error: (issue) => describePeriod(issue.input as Period),
  })
  .refine((limit) => !replacesItself(limit), {
    ...onAnyMap,
    path: ["replaces"],
    error: "replaces names the limit's own name; a limit cannot replace itself",
  })
  .meta({ title: "rate_limit" });

function replacesItself(limit: { name?: unknown; replaces?: unknown }): boolean {
  const { name, replaces } = limit;
  if (typeof name !== "string" || name === "" || !Array.isArray(replaces)) return false;
  return replaces.some((entry: { name?: unknown } | null) => entry?.name === name);
}

export type RateLimitRules = z.infer<typeof rateLimitSchema>;
