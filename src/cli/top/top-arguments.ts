import { readFileSync } from "node:fs";
import { parseDuration } from "../../settings/duration.js";
import type { Arguments } from "../read-arguments.js";

/** The flags of `weir top`. */
export const TOP_FLAGS = {
  admin: "value",
  "token-file": "value",
  interval: "value",
  once: "alone",
  json: "alone",
} as const;

/** What to do, as the command line says. */
export interface TopPlan {
  /** Where the admin API is. */
  readonly adminUrl: URL;
  readonly token: string | undefined;
  readonly intervalMillis: number;
  readonly isOnce: boolean;
  readonly asJson: boolean;
}

const LEAST_INTERVAL_MILLIS = 200;
const LONGEST_INTERVAL_MILLIS = 3_600_000;

/** Reads the command line, or says why it makes no sense. */
export function readTopPlan({ flags, positionals }: Arguments<typeof TOP_FLAGS>): TopPlan | string {
  if (positionals.length > 0) return "it takes flags only";
  const adminUrl = readUrl(flags.admin ?? "http://127.0.0.1:6070");
  if (adminUrl === undefined) return "--admin must be a URL without a path, such as http://127.0.0.1:6070";
  const intervalMillis = parseDuration(flags.interval ?? "2s");
  const isInterval = intervalMillis !== undefined && intervalMillis >= LEAST_INTERVAL_MILLIS;
  if (!isInterval || intervalMillis > LONGEST_INTERVAL_MILLIS) {
    return "--interval must be a duration from 200ms to 1h, such as 2s";
  }
  try {
    const token = readToken(flags["token-file"]);
    return { adminUrl, token, intervalMillis, isOnce: flags.once === true, asJson: flags.json === true };
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
  if (!/^[\x21-\x7e]+$/.test(token)) throw new Error(`${path} must hold one word of printable ASCII`);
  return token;
}
