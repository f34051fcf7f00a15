import { z } from "zod";
import { rulesFileSchema } from "./schema.js";

const TITLE = "Rules of Weir";

/** Text may be written without quotes where YAML would read a number, a flag or nothing: Weir takes its source. */
const TYPES_OF_TEXT = ["string", "number", "boolean"];

/**
 * The grammar of rules files as JSON Schema for editors (draft-07, which they all know). It is as strict as it can be
 * without the checks that compare keys: what it finds wrong is wrong, `weir validate` finds the rest.
 */
export function rulesJsonSchema(): Record<string, unknown> {
  const schema = z.toJSONSchema(rulesFileSchema, {
    target: "draft-7",
    io: "input",
    unrepresentable: "any",
    override: ({ zodSchema, jsonSchema }) => {
      if (zodSchema instanceof z.ZodString) widenText(jsonSchema as Record<string, unknown>);
      if (zodSchema instanceof z.ZodCustom) jsonSchema.type = "object";
      if (zodSchema instanceof z.ZodRecord) delete jsonSchema.propertyNames;
      // Titles are the words of messages, such as "a descriptor".
      delete jsonSchema.title;
    },
  });
  return { ...schema, title: TITLE };
}

function widenText(jsonSchema: Record<string, unknown>): void {
  // Only text meets a choice or a pattern.
  if (["enum", "anyOf", "pattern"].some((key) => jsonSchema[key] !== undefined)) return;
  jsonSchema.type = jsonSchema.minLength === undefined ? [...TYPES_OF_TEXT, "null"] : TYPES_OF_TEXT;
}
