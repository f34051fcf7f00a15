import { bytesField } from "../grpc-wire.js";
import { type RulesFolder, writeRules } from "../rules-folder.js";

/**
 * Rules whose buckets are easy to foretell. A year, so that no token comes back while a test runs (of 100,000 a year one
 * comes in five minutes); `brisk` is the one that refills.
 */
const RULES = `
domain: faults
descriptors:
  - { key: hot, rate_limit: { unit: year, requests_per_unit: 200 } }
  - { key: large, rate_limit: { unit: year, requests_per_unit: 100000 } }
  - { key: brisk, rate_limit: { unit: second, requests_per_unit: 100 } }
  - { key: each, rate_limit: { unit: year, requests_per_unit: 3 } }
`;

const YEAR_SECONDS = 365 * 86_400;

const RATES = {
  hot: { burst: 200, perSecond: 200 / YEAR_SECONDS },
  large: { burst: 100_000, perSecond: 100_000 / YEAR_SECONDS },
  brisk: { burst: 100, perSecond: 100 },
  each: { burst: 3, perSecond: 3 / YEAR_SECONDS },
} as const;

/** One bucket of these rules. */
export interface Bucket {
  readonly key: keyof typeof RATES;
  readonly value: string;
}

/** A request that takes one hit from each of its buckets, or from none. */
export interface Offer {
  readonly buckets: readonly Bucket[];
  readonly request: Buffer;
}

export function burstOf({ key }: Bucket): number {
  return RATES[key].burst;
}

/** Tokens that come back. */
export function perSecondOf({ key }: Bucket): number {
  return RATES[key].perSecond;
}

/** Whether tokens come back while a test looks on. */
export function isRefilling(bucket: Bucket): boolean {
  return perSecondOf(bucket) >= 1;
}

/** Tells buckets apart. */
export function nameOf({ key, value }: Bucket): string {
  return `${key}=${value}`;
}

export function writeFaultRules(): Promise<RulesFolder> {
  return writeRules(RULES);
}

/** A request that takes one hit from each of these buckets. */
export function offer(...buckets: readonly Bucket[]): Offer {
  return { buckets, request: requestBytes(buckets.map((bucket) => descriptorBytes(bucket))) };
}

/** A request that asks what is left and takes nothing. */
export function peekBytes(bucket: Bucket): Buffer {
  // hits_addend is a message that is present and says 0 (D1).
  return requestBytes([Buffer.concat([descriptorBytes(bucket), bytesField(3)])]);
}

function requestBytes(descriptors: readonly Buffer[]): Buffer {
  return Buffer.concat([bytesField(1, "faults"), ...descriptors.map((descriptor) => bytesField(2, descriptor))]);
}

function descriptorBytes({ key, value }: Bucket): Buffer {
  return bytesField(1, bytesField(1, key), bytesField(2, value));
}
