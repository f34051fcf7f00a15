import type { RateLimitQuestion } from "../../grpc/rate-limit-client.js";
import { formatAddress, type ListenAddress } from "../../net/listen-address.js";
import { quote } from "../../rules/quote.js";
import type { Entry } from "../../rules/rule.js";
import { parseDuration } from "../../settings/duration.js";
import { parseListenAddress } from "../../settings/listen-address.js";
import type { Arguments } from "../read-arguments.js";
import { readEntry } from "../read-entry.js";

/** The flags of `weir check`. */
export const CHECK_FLAGS = {
  addr: "value",
  descriptor: "alone",
  hits: "value",
  repeat: "value",
  timeout: "value",
  json: "alone",
  tls: "alone",
  "tls-ca": "value",
  "tls-cert": "value",
  "tls-key": "value",
} as const;

export type CheckFlags = Arguments<typeof CHECK_FLAGS>["flags"];

/** What to do, as the command line says. */
export interface CheckPlan {
  /** host:port, or unix:/path */
  readonly address: string;
  readonly question: RateLimitQuestion;
  readonly repeat: number;
  readonly timeoutMillis: number;
  readonly asJson: boolean;
}

/** Stands for `--descriptor` among what is left when flags are read; no argument can hold it. */
const NEXT_DESCRIPTOR = "\0";

const MAX_HITS_ADDEND = 2 ** 32 - 1;
const MAX_REPEAT = 10_000;
const LONGEST_TIMEOUT_MILLIS = 3_600_000;

/** The command line with the places kept at which descriptors begin. */
export function markDescriptors(argv: readonly string[]): string[] {
  return argv.map((argument) => (argument === "--descriptor" ? NEXT_DESCRIPTOR : argument));
}

/** Reads what is left of the command line, or says why it makes no sense. */
export function readCheckPlan({ flags, positionals }: Arguments<typeof CHECK_FLAGS>): CheckPlan | string {
  const [domain, ...rest] = positionals;
  if (domain === undefined || domain === "" || domain === NEXT_DESCRIPTOR) return "no DOMAIN given";
  const descriptors = readDescriptors(rest);
  if (typeof descriptors === "string") return descriptors;
  const address = readAddress(flags);
  if (typeof address === "string") return address;
  const hits = readWhole(flags.hits ?? "1", 0, MAX_HITS_ADDEND);
  if (hits === undefined) return `--hits must be a whole number from 0 to ${MAX_HITS_ADDEND}`;
  const repeat = readWhole(flags.repeat ?? "1", 1, MAX_REPEAT);
  if (repeat === undefined) return `--repeat must be a whole number from 1 to ${MAX_REPEAT}`;
  const timeoutMillis = readTimeout(flags);
  if (typeof timeoutMillis === "string") return timeoutMillis;
  const question = { domain, descriptors, hits };
  return { address: formatAddress(address), question, repeat, timeoutMillis, asJson: flags.json === true };
}

/** Where the server answers gRPC, or what is wrong with the flag. */
export function readAddress({ addr = "127.0.0.1:8081" }: CheckFlags): ListenAddress | string {
  const address = parseListenAddress(addr);
  if (address !== undefined && ("path" in address || address.port !== 0)) return address;
  return "--addr must be host:port, such as 127.0.0.1:8081, or unix:/path/to/socket";
}

/** How long to wait for an answer, milliseconds, or what is wrong with the flag. */
export function readTimeout({ timeout = "1s" }: CheckFlags): number | string {
  const millis = parseDuration(timeout);
  if (millis === undefined || millis < 1 || millis > LONGEST_TIMEOUT_MILLIS) {
    return "--timeout must be a duration from 1ms to 1h, such as 500ms or 2s";
  }
  return millis;
}

function readDescriptors(words: readonly string[]): readonly (readonly Entry[])[] | string {
  const descriptors: Entry[][] = [[]];
  for (const [index, word] of words.entries()) {
    if (word === NEXT_DESCRIPTOR) {
      // Before the first one it says what is so anyway.
      if (index > 0) descriptors.push([]);
      continue;
    }
    const entry = readEntry(word);
    if (entry === undefined) return `${quote(word)} is not KEY=VALUE`;
    descriptors.at(-1)?.push(entry);
  }
  if (descriptors.some((entries) => entries.length === 0)) return "no descriptor given: list its entries as KEY=VALUE";
  return descriptors;
}

function readWhole(text: string, least: number, most: number): number | undefined {
  return /^\d{1,15}$/.test(text) && Number(text) >= least && Number(text) <= most ? Number(text) : undefined;
}
