import { z } from "zod";
import { rateLimitSchema } from "./limit-schema.js";
import type { JsonObject } from "./rule.js";
import { filledText, flag, isMap, onAnyMap, text } from "./schema-fields.js";
import { hasWildcard, isKeyWildcard } from "./wildcard.js";

/*
 * The grammar of a rules file: with limit-schema.ts the only place that says which keys there are and what they take.
 * `readDocument` reads scalars as these types want them, `validate` puts the faults into words.
 */

// Objects only: the reader makes what is in there JSON.
const metadata = z.custom<JsonObject>(isMap, { error: "metadata must be a map" });

/** All of a descriptor but the descriptors in it. */
const descriptorShape = {
  key: filledText,
  value: text.optional(),
  rate_limit: rateLimitSchema.optional(),
  shadow_mode: flag.optional(),
  quota_mode: flag.optional(),
  detailed_metric: flag.optional(),
  value_to_metric: flag.optional(),
  share_threshold: flag.optional(),
  metadata: metadata.optional(),
};

/** One descriptor of the rules, valid. */
export type DescriptorRules = z.infer<z.ZodObject<typeof descriptorShape>> & {
  descriptors?: DescriptorRules[] | undefined;
};

/** One descriptor of the rules; it may have descriptors of its own. */
const descriptorSchema: z.ZodType<DescriptorRules> = z
  .strictObject({
    ...descriptorShape,
    get descriptors(): z.ZodOptional<z.ZodArray<z.ZodType<DescriptorRules>>> {
      return descriptorsSchema.optional();
    },
  })
  .refine((descriptor) => descriptor.share_threshold !== true || takesManyValues(descriptor), {
    ...onAnyMap,
    path: ["share_threshold"],
    error: "share_threshold needs a value with a * in it, whose matches then share one bucket",
  })
  .meta({ title: "a descriptor" });

const descriptorsSchema = z.array(descriptorSchema, { error: "a list of maps with a key" });

function takesManyValues(descriptor: { key?: unknown; value?: unknown }): boolean {
  const { key, value } = descriptor;
  if (typeof value === "string" && value !== "") return hasWildcard(value);
  return typeof key === "string" && isKeyWildcard(key, undefined);
}

/** A rules file. */
export const rulesFileSchema = z
  .strictObject({
    domain: filledText,
    descriptors: descriptorsSchema.optional(),
  })
  .meta({ title: "a rules file" });

export type RulesFile = z.infer<typeof rulesFileSchema>;
