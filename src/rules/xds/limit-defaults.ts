import { type Algorithm, MAX_TOKENS } from "../../limits/limit.js";
import { hasWildcard, matchWildcard } from "../wildcard.js";

/** A value for domains that meet a pattern, in which `*` stands for any characters. */
export interface ForDomains<T> {
  readonly pattern: string;
  readonly value: T;
}

/** So many tokens, or so many times what a unit brings. */
export type TokenCount = { readonly tokens: number } | { readonly timesRate: number };

/** What rules cannot say that come over xDS. Of each list the first pattern that meets the domain counts. */
export interface LimitDefaults {
  readonly algorithm: readonly ForDomains<Algorithm>[];
  readonly burst: readonly ForDomains<TokenCount>[];
  readonly maxDebt: readonly ForDomains<TokenCount>[];
}

/** The same for one domain. */
export interface DomainDefaults {
  readonly algorithm: Algorithm | undefined;
  readonly burst: TokenCount | undefined;
  readonly maxDebt: TokenCount | undefined;
}

export function defaultsOf(domain: string, { algorithm, burst, maxDebt }: LimitDefaults): DomainDefaults {
  return { algorithm: pick(algorithm, domain), burst: pick(burst, domain), maxDebt: pick(maxDebt, domain) };
}

function pick<T>(list: readonly ForDomains<T>[], domain: string): T | undefined {
  return list.find(({ pattern }) => meets(pattern, domain))?.value;
}

function meets(pattern: string, domain: string): boolean {
  return hasWildcard(pattern) ? matchWildcard(pattern)(domain) : pattern === domain;
}

/** Whole tokens: part of one is none. */
export function tokensOf(count: TokenCount, requestsPerUnit: number): number {
  const tokens = "tokens" in count ? count.tokens : Math.floor(count.timesRate * requestsPerUnit);
  return Math.min(tokens, MAX_TOKENS);
}
