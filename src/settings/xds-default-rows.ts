import { MAX_TOKENS } from "../limits/limit.js";
import { ALGORITHMS, algorithmOf } from "../rules/algorithm.js";
import { joinWords } from "../rules/join-words.js";
import type { ForDomains, LimitDefaults, TokenCount } from "../rules/xds/limit-defaults.js";
import { type Kind, readBy, type Setting } from "./kinds.js";

/** What rules cannot say that come over xDS. */
export interface XdsDefaultSettings {
  readonly xdsAlgorithm: LimitDefaults["algorithm"];
  readonly xdsBurst: LimitDefaults["burst"];
  readonly xdsMaxDebt: LimitDefaults["maxDebt"];
}

const EACH = "for all domains, or by domain as PATTERN=VALUE,... (the first match counts)";

/** The rows of the table that are about them. */
export const XDS_DEFAULT_ROWS: { readonly [Key in keyof XdsDefaultSettings]: Setting<XdsDefaultSettings[Key]> } = {
  xdsAlgorithm: {
    name: "xds-algorithm",
    default: "",
    description:
      "The algorithm of limits received over xDS, for all domains or by domain; if unset, default-algorithm.",
    ...forDomains(
      algorithmOf,
      `${joinWords(ALGORITHMS, "or")}, ${EACH}, such as public/*=fixed_window,token_bucket, or empty`,
    ),
  },
  xdsBurst: {
    name: "xds-burst",
    default: "",
    description:
      "The burst of token buckets received over xDS, in requests or as a multiple of requests_per_unit; if unset, 1x.",
    ...forDomains(
      (text) => readCount(text, 1),
      `a whole number from 1 to ${MAX_TOKENS}, or a multiple of requests_per_unit such as 2x, ${EACH}, such as public/*=2x,100, or empty`,
    ),
  },
  xdsMaxDebt: {
    name: "xds-max-debt",
    default: "",
    description: "The max_debt of limits received over xDS, likewise; if unset, the burst.",
    ...forDomains(
      (text) => readCount(text, 0),
      `a whole number from 0 to ${MAX_TOKENS}, or a multiple of requests_per_unit such as 2x, ${EACH}, such as llm/*=10x,0, or empty`,
    ),
  },
};

const FOR_ALL = "*";

/** Entries with commas between them. One without a pattern is for all domains, so it must be the last. */
function forDomains<T>(read: (text: string) => T | undefined, mayBe: string): Kind<readonly ForDomains<T>[]> {
  return readBy((text) => {
    const given = text.trim() === "" ? [] : text.split(",");
    const entries = given.flatMap((entry) => readEntry(entry.trim(), read) ?? []);
    const isReached = entries.slice(0, -1).every(({ pattern }) => pattern !== FOR_ALL);
    return isReached && entries.length === given.length ? entries : undefined;
  }, mayBe);
}

/** A domain may have `=` in it, a value has none. */
function readEntry<T>(entry: string, read: (text: string) => T | undefined): ForDomains<T> | undefined {
  const at = entry.lastIndexOf("=");
  const pattern = at === -1 ? FOR_ALL : entry.slice(0, at).trim();
  const value = read(entry.slice(at + 1).trim());
  return value === undefined || pattern === "" ? undefined : { pattern, value };
}

const MOST_TIMES = 1_000_000;

function readCount(text: string, least: number): TokenCount | undefined {
  if (/^\d+(\.\d+)?x$/.test(text)) {
    const timesRate = Number(text.slice(0, -1));
    const isEnough = least === 0 || timesRate > 0;
    return isEnough && timesRate <= MOST_TIMES ? { timesRate } : undefined;
  }
  const tokens = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  return tokens >= least && tokens <= MAX_TOKENS ? { tokens } : undefined;
}

/** What the settings say of limits that come over xDS. */
export function limitDefaults({ xdsAlgorithm, xdsBurst, xdsMaxDebt }: XdsDefaultSettings): LimitDefaults {
  return { algorithm: xdsAlgorithm, burst: xdsBurst, maxDebt: xdsMaxDebt };
}
