import { readFileSync } from "node:fs";
import type { z } from "zod";

/** Whom to ask. */
export interface AdminTarget {
  readonly adminUrl: URL;
  readonly token: string | undefined;
}

/** The admin API did not answer, or not as one. The message says in one line why. */
export class NoAdminAnswer extends Error {
  override readonly name = "NoAdminAnswer";
}

const TIMEOUT_MILLIS = 5_000;

/** The flags of commands that ask an admin API. */
export const ADMIN_FLAGS = { admin: "value", "token-file": "value" } as const;

/** Reads those flags, or says what is wrong with them. */
export function readAdminTarget(flags: { admin?: string; "token-file"?: string }): AdminTarget | string {
  const adminUrl = readUrl(flags.admin ?? "http://127.0.0.1:6070");
  if (adminUrl === undefined) return "--admin must be a URL without a path, such as http://127.0.0.1:6070";
  try {
    return { adminUrl, token: readToken(flags["token-file"]) };
  } catch (error) {
    return `--token-file: ${(error as Error).message}`;
  }
}

function readUrl(text: string): URL | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isPlain = url?.pathname === "/" && url.search === "" && url.hash === "" && url.username === "";
  return isPlain && (url.protocol === "http:" || url.protocol === "https:") ? url : undefined;
}

/** @throws Error in words without the token */
function readToken(path: string | undefined): string | undefined {
  if (path === undefined) return undefined;
  const token = readFileSync(path, "utf8").replace(/\r?\n$/, "");
  if (!/^[\x21-\x7e]+$/.test(token)) throw new Error(`${path} must contain one word of printable ASCII`);
  return token;
}

/**
 * What a GET is answered.
 * @param path below /api/v1/
 * @param quit ends waiting for the answer
 * @throws NoAdminAnswer
 */
export async function askAdmin<Schema extends z.ZodType>(
  { adminUrl, token }: AdminTarget,
  path: string,
  schema: Schema,
  quit?: AbortSignal,
): Promise<z.output<Schema>> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const signal = AbortSignal.any([AbortSignal.timeout(TIMEOUT_MILLIS), ...(quit === undefined ? [] : [quit])]);
  let status: number;
  let text: string;
  try {
    const response = await fetch(new URL(`/api/v1/${path}`, adminUrl), { headers, signal, redirect: "manual" });
    status = response.status;
    text = await response.text();
  } catch (error) {
    throw new NoAdminAnswer(reasonOf(error as Error), { cause: error });
  }
  if (status === 401) throw new NoAdminAnswer("unauthorized: pass a valid token with --token-file FILE");
  const { data, error } = schema.safeParse(parsed(text));
  if (status === 200 && error === undefined) return data as z.output<Schema>;
  throw new NoAdminAnswer(`unexpected answer to GET /api/v1/${path} (HTTP ${status}): is this Weir's admin API?`);
}

/** What fetch says of a connection that failed is in its cause. */
function reasonOf(error: Error): string {
  if (error.name === "TimeoutError") return `timed out after ${TIMEOUT_MILLIS / 1_000} s`;
  const { cause } = error as { cause?: { code?: string; message?: string } };
  return cause?.code ?? cause?.message ?? error.message;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
