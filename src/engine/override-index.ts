import type { Algorithm } from "../limits/limit.js";
import type { Entry, RateLimit, RuleLimit, UnlimitedLimit } from "../rules/rule.js";
import type { Unit } from "../rules/unit.js";
import { namelessLimit } from "./nameless-limit.js";

/** What an operator gives a descriptor in place of its rule's limits. */
export type OverrideLimit =
  | { readonly unlimited: true }
  | {
      readonly requestsPerUnit: number;
      readonly unit: Unit;
      readonly unitMultiplier: number;
      /** Of a token bucket; others have the rate. Absent: the rate. */
      readonly burst?: number;
    };

/** An entry of the descriptor, exactly: its value, or the digest of it where values are not to be seen. */
export type OverrideEntry =
  | { readonly key: string; readonly value: string }
  | { readonly key: string; readonly digest: string };

/** An operator's override of one descriptor. */
export interface DescriptorOverride {
  readonly domain: string;
  /** At least one. */
  readonly descriptor: readonly OverrideEntry[];
  readonly limit: OverrideLimit;
}

/** What stands for a value where values are not to be seen. */
export type Digest = (value: string) => string;

/** A descriptor to meet, and what it gets. */
interface Place {
  readonly keys: readonly string[];
  /** Values, or all their digests. */
  readonly values: readonly string[];
  readonly limits: ReplacingLimits;
}

/**
 * Finds the override of a descriptor: one look-up by its domain, one by its last value, and a comparison of what is there.
 * Immutable: a change makes another one.
 */
export class OverrideIndex {
  /** By domain, then by the last value. */
  readonly #places = new Map<string, Map<string, Place[]>>();
  readonly #digest: Digest | undefined;

  /**
   * @param overrides of two for one descriptor the later counts
   * @param digest where values of buckets are not to be seen; then overrides may be by value and by digest, else those by
   * digest meet nothing
   */
  constructor(overrides: Iterable<DescriptorOverride>, digest?: Digest) {
    this.#digest = digest;
    for (const override of overrides) this.#add(override);
  }

  /** What the descriptor gets in place of its rule's limits, if an operator said so. */
  find(domain: string, entries: readonly Entry[]): ReplacingLimits | undefined {
    const byLast = this.#places.get(domain);
    const last = entries[entries.length - 1];
    if (byLast === undefined || last === undefined) return undefined;
    const places = byLast.get(this.#shown(last.value));
    return places?.find((place) => this.#isAt(place, entries))?.limits;
  }

  #add({ domain, descriptor, limit }: DescriptorOverride): void {
    const values: string[] = [];
    for (const entry of descriptor) {
      if ("value" in entry) values.push(this.#shown(entry.value));
      else if (this.#digest !== undefined) values.push(entry.digest);
      else return;
    }
    const place = { keys: descriptor.map(({ key }) => key), values, limits: new ReplacingLimits(limit) };
    const last = values[values.length - 1] ?? "";
    const byLast = this.#places.get(domain) ?? new Map<string, Place[]>();
    this.#places.set(domain, byLast);
    byLast.set(last, [place, ...(byLast.get(last) ?? [])]);
  }

  #isAt({ keys, values }: Place, entries: readonly Entry[]): boolean {
    if (keys.length !== entries.length) return false;
    return entries.every(({ key, value }, index) => key === keys[index] && this.#shown(value) === values[index]);
  }

  #shown(value: string): string {
    return this.#digest === undefined ? value : this.#digest(value);
  }
}

const UNLIMITED: readonly [UnlimitedLimit] = [{ unlimited: true, name: "", replaces: [] }];

/** The limits of an override: one, by whichever algorithm; the same object each time. */
class ReplacingLimits {
  readonly #limit: OverrideLimit;
  readonly #byAlgorithm = new Map<Algorithm, readonly [RateLimit]>();

  constructor(limit: OverrideLimit) {
    this.#limit = limit;
  }

  /** @param algorithm that of the rule whose place they take, so that they share its bucket where they can (D11) */
  by(algorithm: Algorithm): readonly [RuleLimit] {
    const limit = this.#limit;
    if ("unlimited" in limit) return UNLIMITED;
    const known = this.#byAlgorithm.get(algorithm);
    if (known !== undefined) return known;
    const { requestsPerUnit } = limit;
    const burst = algorithm === "token_bucket" ? (limit.burst ?? requestsPerUnit) : requestsPerUnit;
    const limits: readonly [RateLimit] = [namelessLimit(limit, algorithm, burst)];
    this.#byAlgorithm.set(algorithm, limits);
    return limits;
  }
}
