import { createHash, createHmac, createSecretKey } from "node:crypto";
import { TwoGenerations } from "./two-generations.js";

/**
 * The longest value, in UTF-16 units, that a bucket's identity holds as it is. A longer one is there as a digest, since
 * whoever sends values could fill the store with a few of them. Another bound would give those values other buckets.
 */
export const LONGEST_CLEAR_VALUE = 128;

/** What stands for a value in a bucket's identity; undefined: the value itself. */
export type DigestOf = (value: string) => string | undefined;

/** 18 bytes in base64url: two values of a billion billion are the same with a chance of one in ten thousand. */
const DIGEST_LENGTH = 24;

/** Hashing costs microseconds, and the same values come again and again. */
const MOST_REMEMBERED = 20_000;

/** Longer values, in UTF-16 units, are hashed each time, so that what is remembered stays within some megabytes. */
const LONGEST_REMEMBERED = 512;

/** Digests of long values only, without a secret: SHA-256. */
export function digestLongValue(value: string): string | undefined {
  return value.length > LONGEST_CLEAR_VALUE ? sha256(value) : undefined;
}

/**
 * The same with a memory for what it has hashed; or with a secret digests of all values, long or short: HMAC-SHA256, so
 * that nobody without the secret can find a value by trying.
 */
export function rememberedDigests(secret?: Buffer): DigestOf {
  if (secret === undefined) {
    const digest = remembered(sha256);
    return (value) => (value.length > LONGEST_CLEAR_VALUE ? digest(value) : undefined);
  }
  const key = createSecretKey(secret);
  return remembered((value) => shortened(createHmac("sha256", key).update(value, "utf16le").digest("base64url")));
}

// UTF-16, since halves of surrogate pairs all look the same as UTF-8.
function sha256(value: string): string {
  return shortened(createHash("sha256").update(value, "utf16le").digest("base64url"));
}

function shortened(digest: string): string {
  return digest.slice(0, DIGEST_LENGTH);
}

function remembered(digest: (value: string) => string): (value: string) => string {
  const known = new TwoGenerations<string>(MOST_REMEMBERED);
  return (value) => {
    if (value.length > LONGEST_REMEMBERED) return digest(value);
    const before = known.get(value);
    if (before !== undefined) return before;
    const fresh = digest(value);
    known.set(value, fresh);
    return fresh;
  };
}
