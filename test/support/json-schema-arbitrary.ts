import fc from "fast-check";

/** JSON Schema as the admin API's document uses it. */
export interface JsonSchema {
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly oneOf?: readonly JsonSchema[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly format?: string;
}

/** The longest texts and lists that are made: what the document allows beyond is tested elsewhere. */
const LONGEST = 40;

/** Values that a schema allows. @throws Error for a keyword that it does not know */
export function arbitraryOf(schema: JsonSchema): fc.Arbitrary<unknown> {
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  if (schema.oneOf !== undefined) return fc.oneof(...schema.oneOf.map(arbitraryOf));
  switch (schema.type) {
    case "object":
      return arbitraryObject(schema);
    case "array": {
      const { items = {}, minItems = 0, maxItems = LONGEST } = schema;
      return fc.array(arbitraryOf(items), { minLength: minItems, maxLength: Math.min(maxItems, 5) });
    }
    case "string":
      return arbitraryText(schema);
    case "integer":
      return fc.integer({ min: schema.minimum ?? 0, max: schema.maximum ?? Number.MAX_SAFE_INTEGER });
    case "boolean":
      return fc.boolean();
    default:
      throw new Error(`this part of a schema is not known: ${JSON.stringify(schema)}`);
  }
}

function arbitraryObject({ properties = {}, required = [] }: JsonSchema): fc.Arbitrary<unknown> {
  const fields = Object.fromEntries(Object.entries(properties).map(([key, field]) => [key, arbitraryOf(field)]));
  return fc.record(fields, { requiredKeys: [...required] });
}

function arbitraryText({ format, minLength = 0, maxLength = LONGEST }: JsonSchema): fc.Arbitrary<string> {
  if (format === "date-time") {
    const range = { min: new Date("2026-01-01"), max: new Date("2030-01-01"), noInvalidDate: true };
    return fc.date(range).map((date) => date.toISOString());
  }
  return fc.string({ unit: "grapheme", minLength, maxLength: Math.min(maxLength, LONGEST) });
}

/** A value like the one given with one place in it replaced by any JSON, taken away, or with a key too many. */
export function damaged(value: unknown): fc.Arbitrary<unknown> {
  const here = fc.oneof(fc.jsonValue({ maxDepth: 2 }), fc.constant(undefined));
  if (typeof value !== "object" || value === null) return here;
  const keys = Object.keys(value);
  const inside = keys.map((key) =>
    damaged((value as Record<string, unknown>)[key]).map((part) => withPart(value, key, part)),
  );
  const unknownKey = fc.string({ minLength: 1, maxLength: 8 }).map((key) => withPart(value, key, 1));
  return fc.oneof({ arbitrary: here, weight: 1 }, { arbitrary: unknownKey, weight: 1 }, ...inside);
}

function withPart(value: object, key: string, part: unknown): unknown {
  if (Array.isArray(value))
    return value.flatMap((each, index) => (String(index) !== key ? [each] : part === undefined ? [] : [part]));
  return Object.fromEntries([...Object.entries(value).filter(([name]) => name !== key), [key, part]]);
}
