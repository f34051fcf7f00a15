import { z } from "zod";

/** What a schema wants in a place, as far as it matters for reading: how scalars are taken, and what is below. */
export type Wanted =
  | { readonly kind: "text" | "flag" | "number" | "json" }
  | { readonly kind: "map"; readonly title: string; readonly keys: ReadonlyMap<string, Wanted> }
  /** A map whose keys are free. */
  | { readonly kind: "free_map"; readonly values: Wanted }
  | { readonly kind: "list"; readonly items: Wanted };

/** To ask a schema what it is costs more than to read a value, and large files have many values. */
const known = new WeakMap<object, Wanted>();

/** What a schema wants. Schemas may contain themselves. */
export function wantedBy(schema: unknown): Wanted {
  const inner = schema instanceof z.ZodOptional ? schema.unwrap() : schema;
  if (!(inner instanceof z.ZodType)) return { kind: "text" };
  return known.get(inner) ?? examine(inner);
}

function examine(schema: z.ZodType): Wanted {
  if (schema instanceof z.ZodObject) return examineMap(schema);
  const wanted = examineOther(schema);
  known.set(schema, wanted);
  return wanted;
}

function examineMap(schema: z.ZodObject): Wanted {
  const keys = new Map<string, Wanted>();
  const wanted: Wanted = { kind: "map", title: schema.meta()?.title ?? "this map", keys };
  // Before its keys are examined, since it may be below one of them.
  known.set(schema, wanted);
  for (const [key, value] of Object.entries(schema.shape)) keys.set(key, wantedBy(value));
  return wanted;
}

function examineOther(schema: z.ZodType): Wanted {
  if (schema instanceof z.ZodArray) return { kind: "list", items: wantedBy(schema.element) };
  if (schema instanceof z.ZodRecord) return { kind: "free_map", values: wantedBy(schema.valueType) };
  if (schema instanceof z.ZodBoolean) return { kind: "flag" };
  if (schema instanceof z.ZodNumber) return { kind: "number" };
  return { kind: schema instanceof z.ZodCustom ? "json" : "text" };
}
