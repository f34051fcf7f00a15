import { faultOfField } from "./field-rules.js";
import type { DecodedFields } from "./hpack/decoder.js";

/**
 * The head of a request. Requests with equal header blocks may share one, so that a reader can keep what it made of it in
 * `memo`, and find it there the next time.
 */
export interface RequestHead {
  readonly method: string;
  /** Empty for CONNECT. */
  readonly path: string;
  /** Without it: the host field, or empty. */
  readonly authority: string;
  /** Names and values in turn, without the pseudo fields. */
  readonly fields: readonly string[];
  /** -1 where there is none. */
  readonly contentLength: number;
  /** Why the request cannot be taken at all; such a one is never shown to the listener. */
  readonly fault: string | undefined;
  /** Whether fields are missing because there were too many. */
  readonly isTooLarge: boolean;
  /** For the listener's own use. */
  memo: unknown;
}

/** The value of the first field of that name. */
export function fieldValue(fields: readonly string[], name: string): string | undefined {
  for (let at = 0; at < fields.length; at += 2) {
    if (fields[at] === name) return fields[at + 1];
  }
  return undefined;
}

const PSEUDO_FIELDS = [":method", ":scheme", ":authority", ":path"];

/** Reads and checks the fields of a request (RFC 9113 section 8.3). */
export function parseRequestHead(decoded: DecodedFields, maxListBytes: number): RequestHead {
  const { list } = decoded;
  const isTooLarge = decoded.bytes > maxListBytes;
  const pseudo = new Map<string, string>();
  let fault: string | undefined;
  let at = 0;
  for (; at < list.length && (list[at] as string).startsWith(":"); at += 2) {
    const name = list[at] as string;
    if (!PSEUDO_FIELDS.includes(name)) fault ??= "a pseudo field that requests do not have";
    if (pseudo.has(name)) fault ??= "a pseudo field twice";
    pseudo.set(name, list[at + 1] as string);
  }
  const fields = at === 0 ? list : list.slice(at);
  fault ??= isTooLarge ? undefined : faultOfPseudoFields(pseudo);
  fault ??= faultOfFields(fields);
  const contentLength = fault === undefined ? readContentLength(fields) : -1;
  if (Number.isNaN(contentLength)) fault = "a content-length that is no number, or several";
  return {
    method: pseudo.get(":method") ?? "",
    path: pseudo.get(":path") ?? "",
    authority: pseudo.get(":authority") ?? fieldValue(fields, "host") ?? "",
    fields,
    contentLength,
    fault,
    isTooLarge,
    memo: undefined,
  };
}

/** Why the trailing fields of a request cannot be taken. */
export function faultOfFields(fields: readonly string[]): string | undefined {
  for (let at = 0; at < fields.length; at += 2) {
    const fault = faultOfField(fields[at] as string, fields[at + 1] as string);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function faultOfPseudoFields(pseudo: ReadonlyMap<string, string>): string | undefined {
  for (const value of pseudo.values()) {
    if (faultOfField("pseudo", value) !== undefined) return "a pseudo field with a wrong value";
  }
  const method = pseudo.get(":method");
  if (!method) return "no :method";
  if (method === "CONNECT") {
    return pseudo.has(":scheme") || pseudo.has(":path") || !pseudo.get(":authority") ? "a wrong CONNECT" : undefined;
  }
  if (!pseudo.get(":scheme")) return "no :scheme";
  const path = pseudo.get(":path");
  return path?.startsWith("/") || (path === "*" && method === "OPTIONS") ? undefined : "no :path, or a wrong one";
}

/** @returns -1 where there is none, NaN where it is wrong */
function readContentLength(fields: readonly string[]): number {
  let length = -1;
  for (let at = 0; at < fields.length; at += 2) {
    if (fields[at] !== "content-length") continue;
    const value = fields[at + 1] as string;
    if (!/^\d{1,15}$/.test(value) || (length !== -1 && length !== Number(value))) return Number.NaN;
    length = Number(value);
  }
  return length;
}
