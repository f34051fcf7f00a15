import { z } from "zod";

/**
 * The schema of a message in proto3 JSON: fields go by their camelCase or their snake_case names, null stands for a
 * field that was not sent, and a name that the message does not have is an error.
 * @param shape the fields by their camelCase names
 */
export function messageSchema<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  const camelNames = new Map(Object.keys(shape).flatMap((name) => [[name, name] as const, [snakeCase(name), name]]));
  return z.preprocess(
    (value, context) => {
      if (!isObject(value)) return value;
      // Without a prototype, a field `__proto__` is a field like any other.
      const fields: Record<string, unknown> = Object.create(null);
      for (const [name, field] of Object.entries(value)) {
        const camelName = camelNames.get(name) ?? name;
        if (camelName in fields) context.addIssue({ code: "custom", path: [camelName], message: "is given twice" });
        if (field !== null || !camelNames.has(name)) fields[camelName] = field;
      }
      return fields;
    },
    z.strictObject(shape, { error: (issue) => (issue.code === "invalid_type" ? "must be an object" : undefined) }),
  );
}

/** Far more than any proxy sends. Checked before the items are, since a long list of nonsense holds up everyone. */
const MAX_ITEMS = 1_000;

/** A list of messages, empty where it was not sent. */
export function listSchema<Item extends z.ZodType>(item: Item) {
  const items = z.array(z.unknown(), { error: "must be an array" }).max(MAX_ITEMS, `has more than ${MAX_ITEMS} items`);
  return items.pipe(z.array(item)).prefault([]);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function snakeCase(camelCase: string): string {
  return camelCase.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
