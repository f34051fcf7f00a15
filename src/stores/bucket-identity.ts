import type { Algorithm } from "../limits/limit.js";
import { type DigestOf, digestLongValue, rememberedDigests } from "./value-digest.js";

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

/** Gives the identity of a bucket as a string. */
export type IdentifyBucket = (identity: BucketIdentity) => string;

// Control characters would make keys unreadable, and halves of surrogate pairs all look the same as UTF-8.
const RESERVED = /[%|\p{Cc}\p{Cs}]/u;
const RESERVED_IN_KEY = /[%|=~^\p{Cc}\p{Cs}]/u;

/**
 * The identity as a string, such as `1|shop|path=/login|remote_address=10.0.0.1|token_bucket:60s` or, with a shared
 * pattern and a name, `1|shop|path~/api/*|token_bucket:3600s:hourly`. A value in digest is `api_key^` and the digest.
 * Different identities have different strings, also as UTF-8, whatever characters are in them.
 * @param digestOf which values are there as a digest; by default those that are too long for a key
 */
export function bucketIdentity(identity: BucketIdentity, digestOf: DigestOf = digestLongValue): string {
  let text = `${FORMAT_VERSION}|${escapeField(identity.domain, RESERVED)}`;
  for (const step of identity.steps) {
    text += `|${escapeField(step.key, RESERVED_IN_KEY)}`;
    if ("pattern" in step) text += `~${escapeField(step.pattern, RESERVED)}`;
    else if (step.value !== undefined) text += valueField(step.value, digestOf);
  }
  text += `|${identity.algorithm}:${formatPeriod(identity.periodMicros)}`;
  return identity.limitName === "" ? text : `${text}:${escapeField(identity.limitName, RESERVED)}`;
}

/**
 * Identities of this process. Those of all replicas are the same as long as they have the same secret, or none.
 * @param secret with it no value is in an identity as it was sent, but each as its digest under this secret
 */
export function identifyBuckets(secret?: Buffer): IdentifyBucket {
  const digestOf = rememberedDigests(secret);
  return (identity) => bucketIdentity(identity, digestOf);
}

function valueField(value: string, digestOf: DigestOf): string {
  const digest = digestOf(value);
  return digest === undefined ? `=${escapeField(value, RESERVED)}` : `^${digest}`;
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
