import type { z } from "zod";
import type { RateLimitRequest } from "../../engine/request.js";
import { requestSchema } from "./request-schema.js";

/** The request, or what is wrong with the text and where. */
export type JsonRequest = { readonly request: RateLimitRequest } | { readonly error: string };

/** Reads a RateLimitRequest from proto3 JSON. Whether it makes sense is for the engine to say (D10). */
export function requestFromJson(text: string): JsonRequest {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return { error: "the body is not JSON" };
  }
  const parsed = requestSchema.safeParse(body);
  if (parsed.success) return { request: parsed.data };
  return { error: describeIssue(parsed.error.issues[0]) };
}

/** `descriptors[0].hitsAddend: what is wrong` */
function describeIssue(issue: z.core.$ZodIssue | undefined): string {
  if (issue === undefined) return "the body is not a RateLimitRequest";
  const place = formatPath(issue.path);
  const fault = issue.code === "unrecognized_keys" ? `has no field ${JSON.stringify(issue.keys[0])}` : issue.message;
  return `${place}: ${fault}`;
}

function formatPath(path: readonly PropertyKey[]): string {
  const steps = path.map((step) => (typeof step === "number" ? `[${step}]` : `.${String(step)}`));
  return steps.join("").replace(/^\./, "") || "the request";
}
