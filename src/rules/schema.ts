import { z } from "zod";
import { denyResponseSchema } from "./deny-response-schema.js";
import type { FaultCode } from "./fault-codes.js";
import { algorithmField, rateLimitSchema } from "./limit-schema.js";
import { findNetworkFault } from "./network.js";
import { findRegexFault, MAX_REGEX_LENGTH } from "./regex.js";
import type { JsonObject } from "./rule.js";
import { faultOf, faultOfKey, filledText, flag, isMap, onAnyMap, tell, text } from "./schema-fields.js";
import { tokenBucketSchema } from "./token-bucket-schema.js";
import { hasWildcard, isKeyWildcard } from "./wildcard.js";

/*
 * The grammar of a rules file: with the other *-schema.ts files the only place that says which keys there are and what
 * they take. `readDocument` reads scalars as these types want them, `validate` puts the faults into words, and
 * `rulesJsonSchema` makes the schema for editors of it, descriptions included.
 */

// Objects only: the reader makes what is in there JSON.
const metadata = z.custom<JsonObject>(isMap, faultOf("wrong-type", "metadata must be a map"));

const cidr = filledText.superRefine((written, context) => {
  const fault = written === "" ? undefined : findNetworkFault(written);
  if (fault !== undefined) tell(context, fault.code, [], fault.message);
});

const regex = filledText.refine(
  (pattern) => findRegexFault(pattern) === undefined,
  faultOf("invalid-regex", (pattern) => findRegexFault(String(pattern)) ?? ""),
);

const limits = z
  .array(rateLimitSchema, { error: "a list of limits" })
  .refine((list) => list.length > 0, faultOf("no-limits", "rate_limits must have at least one limit"))
  .meta({ minItems: 1 });

/** All of a descriptor but the descriptors in it. */
const descriptorShape = {
  key: filledText.meta({
    description: "The key of an entry that Envoy sends. Without a value, a * at its end stands for any characters.",
  }),
  value: text.optional().meta({
    description: "The value of the entry; * stands for any characters. Without value, cidr or regex: any value.",
  }),
  cidr: cidr.optional().meta({ description: "A network, IPv4 or IPv6, that the value is an address of." }),
  regex: regex.optional().meta({
    description: "A regular expression (RE2) with a match anywhere in the value; ^ and $ are its ends.",
    maxLength: MAX_REGEX_LENGTH,
  }),
  rate_limit: rateLimitSchema.optional().meta({ description: "The limit of descriptors that end here." }),
  rate_limits: limits.optional().meta({ description: "Several limits of descriptors that end here; all must fit." }),
  token_bucket: tokenBucketSchema.optional().meta({
    description: "The limit of descriptors that end here, in the words of Envoy's local rate limit.",
  }),
  shadow_mode: flag.optional().meta({ description: "Decide and count, but never refuse." }),
  quota_mode: flag.optional().meta({ description: "Of all quotas that a request meets, one that fits is enough." }),
  detailed_metric: flag.optional().meta({ description: "The metrics of this rule tell the actual values." }),
  value_to_metric: flag.optional().meta({ description: "The metrics of rules from here down tell the actual value." }),
  share_threshold: flag.optional().meta({ description: "All values that meet the pattern share one bucket." }),
  deny_response: denyResponseSchema.optional().meta({ description: "What the client is told on refusal." }),
  metadata: metadata.optional().meta({
    description: "Told to Envoy as dynamic metadata when a limit of this rule lets a request pass.",
  }),
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
      return descriptorsSchema.optional().meta({ description: "Descriptors that begin with this entry and go on." });
    },
  })
  .refine(
    (descriptor) => descriptor.share_threshold !== true || takesManyValues(descriptor),
    faultOfKey(
      "share-without-pattern",
      "share_threshold",
      "share_threshold needs a value with a * in it, a cidr or a regex, whose matches then share one bucket",
    ),
  )
  .superRefine((descriptor, context) => {
    tellOfSecond(descriptor, ["value", "cidr", "regex"], "several-matchers", context);
    tellOfSecond(descriptor, ["rate_limit", "rate_limits", "token_bucket"], "several-limit-forms", context);
  }, onAnyMap)
  .meta({ title: "a descriptor" });

const descriptorsSchema = z.array(descriptorSchema, { error: "a list of maps with a key" }).meta({ id: "descriptors" });

/** Of keys that exclude each other, tells of each that is there beside the first. */
function tellOfSecond(
  descriptor: { readonly [key: string]: unknown },
  keys: readonly string[],
  code: FaultCode,
  context: z.core.$RefinementCtx,
): void {
  const [first, ...others] = keys.filter((key) => descriptor[key] !== undefined && descriptor[key] !== "");
  for (const key of others) {
    tell(context, code, [key], `${key} excludes ${first}; a descriptor has one of ${keys.join(", ")}, or none`);
  }
}

function takesManyValues(descriptor: { key?: unknown; value?: unknown; cidr?: unknown; regex?: unknown }): boolean {
  const { key, value, cidr: network, regex: pattern } = descriptor;
  if (network !== undefined || pattern !== undefined) return true;
  if (typeof value === "string" && value !== "") return hasWildcard(value);
  return typeof key === "string" && isKeyWildcard(key, undefined);
}

/** A rules file. */
export const rulesFileSchema = z
  .strictObject({
    domain: filledText.meta({ description: "The domain that Envoy names. Files of one domain are one set of rules." }),
    algorithm: algorithmField("How limits of this file count that do not say it themselves."),
    descriptors: descriptorsSchema
      .optional()
      .meta({ description: "What descriptors are met, and how they are limited." }),
  })
  .meta({ title: "a rules file" });

export type RulesFile = z.infer<typeof rulesFileSchema>;
