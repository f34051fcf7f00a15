import type { Algorithm } from "../limits/limit.js";

/** The first field of every key. Another format, or another meaning of what is stored under it, is another version. */
const FORMAT_VERSION = "1";

/**
 * One level of a descriptor: its key with the value that was met, or with the pattern that all values share
 * (`share_threshold`). A key without a value is not the same as one with the empty value.
 */
export type IdentityStep =
  | { readonly key: string; readonly value?: string }
  | { readonly key: string; readonly pattern: string };

/** What makes a bucket the bucket it is (D12). */
export interface BucketIdentity {
  readonly domain: string;
  readonly steps: readonly IdentityStep[];
  readonly algorithm: Algorithm;
  /** Whole microseconds. */
  readonly periodMicros: number;
  /** The limit's name, empty where it has none. */
  readonly limitName: string;
}

// Control characters would make keys unreadable, and halves of surrogate pairs all look the same as UTF-8.
const RESERVED = /[%|\p{Cc}\p{Cs}]/u;
const RESERVED_IN_KEY = /[%|=~\p{Cc}\p{Cs}]/u;

/**
 * The identity as a string, such as `1|shop|path=/login|remote_address=10.0.0.1|token_bucket:60s` or, with a shared
 * pattern and a name, `1|shop|path~/api/*|token_bucket:3600s:hourly`. Different identities have different strings,
 * also as UTF-8, whatever characters are in them.
 */
export function bucketIdentity(identity: BucketIdentity): string {
  let text = `${FORMAT_VERSION}|${escapeField(identity.domain, RESERVED)}`;
  for (const step of identity.steps) {
    text += `|${escapeField(step.key, RESERVED_IN_KEY)}`;
    if ("pattern" in step) text += `~${escapeField(step.pattern, RESERVED)}`;
    else if (step.value !== undefined) text += `=${escapeField(step.value, RESERVED)}`;
  }
  text += `|${identity.algorithm}:${formatPeriod(identity.periodMicros)}`;
  return identity.limitName === "" ? text : `${text}:${escapeField(identity.limitName, RESERVED)}`;
}

/** Reserved characters as `%XX`, halves of surrogate pairs as `%uXXXX`. */
function escapeField(text: string, reserved: RegExp): string {
  if (!reserved.test(text)) return text;
  return text.replace(new RegExp(reserved.source, "gu"), (character) => {
    const code = character.charCodeAt(0).toString(16).toUpperCase();
    return code.length > 2 ? `%u${code}` : `%${code.padStart(2, "0")}`;
  });
}

function formatPeriod(micros: number): string {
  return micros % 1_000_000 === 0 ? `${micros / 1_000_000}s` : `${micros}us`;
}
