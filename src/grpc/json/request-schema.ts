import { z } from "zod";
import { UNIT_NAMES_BY_NUMBER, unitFromName } from "../codec/unit-names.js";
import { listSchema, messageSchema } from "./message-schema.js";
import { hitsSchema, uint32Schema } from "./number-schema.js";

const textSchema = z.string({ error: "must be a string" });

/** RateLimitUnit by name or number; a number that this version does not know is no unit, as in the binary form. */
const unitSchema = z.unknown().transform((value, context) => {
  const name = typeof value === "number" ? UNIT_NAMES_BY_NUMBER[value] : value;
  if (typeof name === "string" && UNIT_NAMES_BY_NUMBER.includes(name)) return unitFromName(name);
  if (typeof value === "number" && Number.isInteger(value) && Math.abs(value) < 2 ** 31) return undefined;
  context.addIssue({ code: "custom", message: `must be one of ${UNIT_NAMES_BY_NUMBER.join(", ")}` });
  return z.NEVER;
});

const entrySchema = messageSchema({ key: textSchema.default(""), value: textSchema.default("") });

const overrideSchema = messageSchema({
  requestsPerUnit: uint32Schema.prefault(0),
  unit: unitSchema.prefault(0),
  unitMultiplier: uint32Schema.exactOptional(),
}).transform(({ unit, ...override }) => (unit === undefined ? override : { ...override, unit }));

const descriptorSchema = messageSchema({
  entries: listSchema(entrySchema),
  limit: overrideSchema.exactOptional(),
  hitsAddend: hitsSchema.exactOptional(),
  isNegativeHits: z.boolean({ error: "must be true or false" }).default(false),
});

/** A RateLimitRequest in proto3 JSON, read into the engine's own type. */
export const requestSchema = messageSchema({
  domain: textSchema.default(""),
  descriptors: listSchema(descriptorSchema),
  hitsAddend: uint32Schema.prefault(0),
});
