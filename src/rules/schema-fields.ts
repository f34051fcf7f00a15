import { z } from "zod";

/*
 * What the grammar of rules files is made of. The error of a type is the words behind "burst must be ..."; the error
 * of a refinement is a whole sentence.
 */

export const text = z.string({ error: "text" });
export const filledText = text.min(1);
export const flag = z.boolean({ error: "true or false" });

export function wholeNumber(min: number, max: number): z.ZodNumber {
  const error = `a whole decimal number from ${min} to ${max}`;
  return z.number({ error }).int({ error }).min(min, { error }).max(max, { error });
}

/**
 * Lets a refinement run even where another key of the map is wrong, so that all faults are told at once. Such a
 * refinement must bear values of any type.
 */
export const onAnyMap = { when: ({ value }: { value: unknown }) => isMap(value) };

/** Whether a value is a map of YAML or JSON, not a list. */
export function isMap(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
