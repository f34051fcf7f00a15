import { isIP } from "node:net";
import { z } from "zod";
import type { TcpAddress } from "../net/listen-address.js";
import { joinWords } from "../rules/join-words.js";
import { PROXY_HEADERS } from "../rules/proxy-headers.js";
import { parseRedisUrl } from "../stores/redis/link/redis-address.js";
import { parseDuration } from "./duration.js";
import { parseListenAddress, parseTcpAddress } from "./listen-address.js";

/** What a setting may be: the schema reads its text, the words say the same to people ("must be ..."). */
export interface Kind<T> {
  readonly schema: z.ZodType<T>;
  readonly mayBe: string;
}

/** One row of the table: flags, environment, help and messages all come from here. */
export interface Setting<T> extends Kind<T> {
  /** `grpc-listen` is the flag `--grpc-listen` and the variable `WEIR_GRPC_LISTEN`. */
  readonly name: string;
  /** As text, read like any other value. */
  readonly default: string;
  readonly description: string;
  /** Its value is shown to nobody. */
  readonly secret?: true;
}

/** A kind whose text is read by a function that answers undefined where it cannot. */
export function readBy<T>(read: (text: string) => T | undefined, mayBe: string): Kind<T> {
  const schema = z.string().transform((text, context) => {
    const value = read(text);
    if (value !== undefined) return value;
    context.addIssue({ code: "custom" });
    return z.NEVER;
  });
  return { schema, mayBe };
}

/** Headers that frame the message. */
const FRAMING_HEADERS: readonly string[] = [...PROXY_HEADERS, "content-type"];
const OWN_HEADERS: readonly string[] = ["ratelimit", "ratelimit-policy", "retry-after"];

export function oneOf<const T extends string>(...values: readonly T[]): Kind<T> {
  return { schema: z.enum(values), mayBe: joinWords(values, "or") };
}

/** Any of the values, each once, with commas between them. */
export function someOf<const T extends string>(...values: readonly T[]): Kind<readonly T[]> {
  return readBy(
    (text) => {
      const given = text.split(",").map((part) => part.trim());
      if (text.trim() === "") return [];
      const known = given.filter((part): part is T => (values as readonly string[]).includes(part));
      return known.length === given.length && new Set(known).size === known.length ? known : undefined;
    },
    `any of ${joinWords(values, "and")}, comma-separated, or empty`,
  );
}

/** Lower case, since that is how HTTP/2 has them. */
function headerNameBut(taken: readonly string[], example: string): Kind<string> {
  return readBy((text) => {
    const name = text.toLowerCase();
    return /^[a-z0-9!#$%&'*+.^_`|~-]{1,100}$/.test(name) && !taken.includes(name) ? name : undefined;
  }, `the name of a header, such as ${example}`);
}

/** Not one that frames the message or has a meaning of its own. */
export const headerName = headerNameBut([...FRAMING_HEADERS, ...OWN_HEADERS], "x-weir-rule");

/** Not one that frames the message. */
export const anyHeaderName = headerNameBut(FRAMING_HEADERS, "x-ratelimit-limit");

export const yesOrNo: Kind<boolean> = {
  schema: z.enum(["true", "false"]).transform((text) => text === "true"),
  mayBe: "true or false",
};

/** What the store can read: its parser is the one that says so. */
function isRedisUrl(text: string): boolean {
  try {
    parseRedisUrl(text);
    return true;
  } catch {
    return false;
  }
}

export const redisUrl: Kind<string> = {
  schema: z.string().refine(isRedisUrl),
  mayBe: "redis://[user:password@]host[:port][,host[:port]...][/db], rediss:// for TLS, or unix:///path/to/socket",
};

export const optionalFile: Kind<string> = { schema: z.string(), mayBe: "the path of a file, or empty" };

/** @param what it is, when it is given */
export function optionalText(what: string): Kind<string> {
  return { schema: z.string(), mayBe: `${what}, or empty` };
}

export const address = readBy(parseTcpAddress, "host:port, such as 0.0.0.0:8081 or [::1]:8081 (port 0: any free one)");

export const optionalAddress: Kind<TcpAddress | undefined> = {
  schema: z.union([z.literal("").transform(() => undefined), address.schema]),
  mayBe: `${address.mayBe}, or empty`,
};

export const addressOrSocket = readBy(parseListenAddress, `${address.mayBe}, or unix:/path/to/socket`);

export const fileMode = readBy(
  (text) => (/^0?[0-7]{3}$/.test(text) ? Number.parseInt(text, 8) : undefined),
  "permissions such as 0660",
);

export const urlPath = readBy(
  (text) => (/^\/[a-z0-9._~/-]{0,200}$/i.test(text) ? text : undefined),
  "a path that begins with /, such as /metrics",
);

/** Letters beyond ASCII are written as xn-- in certificates. */
const CERTIFICATE_NAME = /^[a-z0-9_-]+(\.[a-z0-9_-]+)*$/i;
const URI = /^[a-z][a-z0-9+.-]*:\/\/[^\s,"\\]+$/i;

export const certificateNames = readBy((text): readonly string[] | undefined => {
  const names = text.trim() === "" ? [] : text.split(",").map((name) => name.trim());
  return names.every((name) => isIP(name) !== 0 || CERTIFICATE_NAME.test(name) || URI.test(name)) ? names : undefined;
}, "comma-separated DNS names, IP addresses or URIs, such as envoy.example.com,spiffe://mesh/envoy, or empty");

const HOST_NAME = /^(\[[0-9a-f:.]+\]|[a-z0-9_]([a-z0-9._-]*[a-z0-9])?)$/;

export const hostNames = readBy((text): readonly string[] | undefined => {
  const names = text === "" ? [] : text.split(",").map((name) => name.trim().toLowerCase());
  return names.every((name) => HOST_NAME.test(name)) ? names : undefined;
}, "comma-separated host names without ports, such as weir.example.com,10.0.0.5, or empty");

export function duration(shortest: string, longest: string): Kind<number> {
  const [least, most] = [parseDuration(shortest) ?? 0, parseDuration(longest) ?? 0];
  return readBy((text) => {
    const millis = parseDuration(text);
    return millis !== undefined && millis >= least && millis <= most ? millis : undefined;
  }, `a duration from ${shortest} to ${longest} (a number with its unit: ms, s, m or h)`);
}

export const share = readBy((text) => {
  const amount = /^\d+(\.\d+)?$/.test(text) ? Number(text) : 0;
  return amount > 0 && amount <= 1 ? amount : undefined;
}, "a number above 0 and up to 1, such as 0.25");

export function wholeNumber(least: number, most: number): Kind<number> {
  return readBy(
    (text) => (/^\d+$/.test(text) && Number(text) >= least && Number(text) <= most ? Number(text) : undefined),
    `a whole number from ${least} to ${most}`,
  );
}
