import type { z } from "zod";
import { ApiError } from "./api-route.js";

/** The longest words of the checker that are passed on. */
const LONGEST_MESSAGE = 300;

/**
 * Reads a part of a request by its schema.
 * @throws ApiError 422 that names the first field that is wrong
 */
export function readPart<Schema extends z.ZodType>(schema: Schema, value: unknown, whole: string): z.output<Schema> {
  const { data, error } = schema.safeParse(value);
  if (error === undefined) return data as z.output<Schema>;
  const [issue] = error.issues;
  const path = issue === undefined ? [] : fieldPath(issue);
  const message = (issue?.message ?? "not valid").slice(0, LONGEST_MESSAGE);
  throw new ApiError(422, message, path.length === 0 ? whole : path.join("."));
}

/** An unknown key is a field of its own. */
function fieldPath(issue: z.core.$ZodIssue): string[] {
  const path = issue.path.map(String);
  const [unknown] = issue.code === "unrecognized_keys" ? issue.keys : [];
  return unknown === undefined ? path : [...path, unknown.slice(0, 100)];
}
