import { z } from "zod";
import { PROXY_HEADERS } from "./proxy-headers.js";
import { quote } from "./quote.js";
import { faultOf, tell, text } from "./schema-fields.js";

/** The longest body, in bytes of UTF-8. */
export const MAX_BODY_BYTES = 64 * 1024;
/** The most headers, and the most bytes of all their names and values. */
const MAX_HEADERS = 32;
const MAX_HEADER_BYTES = 8 * 1024;

const HEADER_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const CONTROL_CHARACTER = /[^\P{Cc}\t]/u;

const headers = z.record(text, text, { error: "a map of header names and values" }).superRefine((written, context) => {
  const entries = Object.entries(written);
  const bytes = entries.reduce((sum, [name, value]) => sum + Buffer.byteLength(name) + Buffer.byteLength(value), 0);
  if (entries.length > MAX_HEADERS) {
    tell(
      context,
      "response-too-large",
      [],
      `headers has ${entries.length} headers; it can have at most ${MAX_HEADERS}`,
    );
  }
  if (bytes > MAX_HEADER_BYTES) {
    tell(context, "response-too-large", [], `headers has ${bytes} bytes; it can have at most ${MAX_HEADER_BYTES}`);
  }
  const seen = new Set<string>();
  for (const [name, value] of entries) {
    const wrong = findHeaderFault(name, value, seen);
    if (wrong !== undefined) tell(context, "invalid-header", [name], wrong);
    seen.add(name.toLowerCase());
  }
});

/** What is wrong with a header, if anything. */
function findHeaderFault(name: string, value: string, seen: ReadonlySet<string>): string | undefined {
  const lower = name.toLowerCase();
  if (!HEADER_NAME.test(name)) return `${quote(name)} is no name of a header`;
  if (PROXY_HEADERS.includes(lower)) return `the header ${lower} is the proxy's own and cannot be set`;
  if (seen.has(lower)) return `the header ${lower} is here already, in other letters`;
  if (CONTROL_CHARACTER.test(value)) return `the header ${lower} has a control character in its value`;
  if (value.trim() !== value) return `the header ${lower} has a space at an end of its value`;
  return undefined;
}

const isSendable = (body: string) => Buffer.byteLength(body) <= MAX_BODY_BYTES;

function describeBody(written: unknown): string {
  return `body has ${Buffer.byteLength(String(written))} bytes; it can have at most ${MAX_BODY_BYTES}`;
}

/** `deny_response`: what the client is told when a limit of the rule refuses. */
export const denyResponseSchema = z
  .strictObject({
    body: text.refine(isSendable, faultOf("response-too-large", describeBody)).optional().meta({
      description: "The body of the refusal, at most 64 KiB.",
    }),
    headers: headers.optional().meta({ description: "Headers of the refusal, such as content-type." }),
  })
  .meta({ title: "deny_response" });

export type DenyResponseRules = z.infer<typeof denyResponseSchema>;
