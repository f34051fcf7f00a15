import { z } from "zod";
import { joinWords } from "../../rules/join-words.js";

/*
 * What the grammar of test files is made of. It reads source text, so that a key or a value of a descriptor is what
 * stands in the file. The message of an error is the words behind "times must be ...".
 */

export const text = z.string({ error: "text" });
export const filledText = z.string({ error: "text" }).min(1, { error: "text that is not empty" });

/** Text that a function reads; it answers undefined where it cannot. */
export function readBy<T>(read: (text: string) => T | undefined, mayBe: string): z.ZodType<T> {
  return z.string({ error: mayBe }).transform((given, context) => {
    const value = read(given);
    if (value !== undefined) return value;
    context.addIssue({ code: "custom", message: mayBe, input: given });
    return z.NEVER;
  });
}

export function oneOf<const T extends string>(...values: readonly T[]): z.ZodType<T> {
  return z.enum(values, { error: joinWords(values, "or") });
}

export const flag = readBy(
  (given) => (given === "true" || given === "false" ? given === "true" : undefined),
  "true or false",
);

export function wholeNumber(min: number, max: number): z.ZodType<number> {
  return readBy(
    (given) =>
      /^(0|[1-9]\d*)$/.test(given) && Number(given) >= min && Number(given) <= max ? Number(given) : undefined,
    `a whole number from ${min} to ${max}`,
  );
}

/**
 * A map with these keys and no others. The message about unknown keys is the list of the known ones, for whoever looks
 * for the nearest.
 */
export function mapOf<Fields extends z.ZodRawShape>(fields: Fields): z.ZodObject<Fields, z.core.$strict> {
  const known = Object.keys(fields).join(" ");
  return z.strictObject(fields, { error: (issue) => (issue.code === "unrecognized_keys" ? known : "a map") });
}

/** A list, not empty. */
export function listOf<Item extends z.ZodType>(item: Item, mayBe: string): z.ZodArray<Item> {
  return z.array(item, { error: mayBe }).min(1, { error: mayBe });
}

/**
 * What a value must be, by the value itself. `z.union` would tell the faults of all that it might have been.
 * @param schemaFor undefined where the value cannot be right
 * @param mayBe all that it can be
 */
export function chosenBy<T>(schemaFor: (value: unknown) => z.ZodType<T> | undefined, mayBe: string): z.ZodType<T> {
  return z.unknown().transform((value, context) => {
    const result = schemaFor(value)?.safeParse(value);
    if (result?.success) return result.data;
    if (result === undefined) context.addIssue({ code: "custom", message: mayBe, input: value });
    else for (const issue of result.error.issues) context.issues.push(handedOn(issue, value));
    return z.NEVER;
  });
}

/** An issue of a schema inside another one, with all that `checkShape` wants of it. */
function handedOn(issue: z.core.$ZodIssue, input: unknown): z.core.$ZodRawIssue {
  const { path, message } = issue;
  if (issue.code !== "unrecognized_keys") return { code: "custom", path, message, input };
  return { code: issue.code, keys: issue.keys, path, message, input: isMap(input) ? input : undefined };
}

/** Whether a value is a map of YAML, not a list. */
export function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
