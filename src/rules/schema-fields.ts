import { z } from "zod";
import type { FaultCode } from "./fault-codes.js";

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

/** What a refinement of a text or a list tells. */
export function faultOf(code: FaultCode, error: string | ((input: unknown) => string)) {
  return {
    params: { code },
    error: typeof error === "string" ? error : (issue: { input?: unknown }) => error(issue.input),
  };
}

/**
 * Lets a refinement run even where another key of the map is wrong, so that all faults are told at once. Such a
 * refinement must bear values of any type.
 */
export const onAnyMap = { when: ({ value }: { value: unknown }) => isMap(value) };

/** Tells of a fault somewhere below the value that is being refined. */
export function tell(context: z.core.$RefinementCtx, code: FaultCode, path: string[], message: string): void {
  context.addIssue({ code: "custom", path, message, params: { code } });
}

/** What a refinement of any map tells (see `onAnyMap`), and which of its keys it points at. */
export function faultOfKey(code: FaultCode, key: string, error: string | ((input: unknown) => string)) {
  return { ...faultOf(code, error), path: [key], ...onAnyMap };
}

/** Whether a value is a map of YAML or JSON, not a list. */
export function isMap(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
