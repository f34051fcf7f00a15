import type { BucketLimit } from "../limits/limit.js";
import type { Unit } from "./unit.js";

/** A value as JSON has it, for `metadata`. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: JsonValue;
}

/** One entry of a descriptor. */
export interface Entry {
  readonly key: string;
  readonly value: string;
}

/** One level of a rule's place in its file. It has one of `value`, `cidr` and `regex`, or none and takes any value. */
export interface RuleStep {
  readonly key: string;
  /** The value or the wildcard pattern as written. */
  readonly value?: string;
  /** The network in its shortest form, such as `10.0.0.0/8` or `2001:db8::/32`. */
  readonly cidr?: string;
  /** The regular expression as written (RE2). */
  readonly regex?: string;
  /** `share_threshold`: all values that meet the pattern share one bucket. */
  readonly shareThreshold: boolean;
  /**
   * What stands in the bucket's identity in place of the actual value (D12): the pattern with its kind before it, such as
   * `wildcard:a*`, `cidr:10.0.0.0/8` or `regex:^a`. There if and only if `shareThreshold`.
   */
  readonly sharedPattern?: string;
  /** `value_to_metric`: the actual value is part of the rule's label. */
  readonly valueToMetric: boolean;
}

/** What both kinds of limit have. */
interface NamedLimit {
  /** `name`, empty where there is none. */
  readonly name: string;
  /** `replaces`: names of limits that drop when this one is met. */
  readonly replaces: readonly string[];
}

export interface UnlimitedLimit extends NamedLimit {
  readonly unlimited: true;
}

export interface RateLimit extends NamedLimit {
  readonly unlimited: false;
  readonly requestsPerUnit: number;
  readonly unit: Unit;
  /** 1 where the file does not say. */
  readonly unitMultiplier: number;
  /** The same rate as the arithmetic needs it. */
  readonly bucket: BucketLimit;
}

export type RuleLimit = UnlimitedLimit | RateLimit;

/** `deny_response`: what the client is told when a limit of the rule refuses. */
export interface DenyResponse {
  /** At most MAX_BODY_BYTES as UTF-8. */
  readonly body?: string;
  /** In file order; names in lower case, each once. */
  readonly headers: readonly { readonly key: string; readonly value: string }[];
}

/** Where something stands in a file: both count from 1. */
export interface Position {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** A place in the rules that carries limits. Plain values throughout, so that a worker can send it. */
export interface Rule {
  readonly domain: string;
  /** From the domain down, as many steps as the descriptors that meet it have entries. */
  readonly path: readonly RuleStep[];
  /** The rule in metrics and logs, such as `path=/login/* > remote_address`. Unique within its domain. */
  readonly label: string;
  /** In file order; empty where the rule is there to let its descriptors through. */
  readonly limits: readonly RuleLimit[];
  readonly shadowMode: boolean;
  readonly quotaMode: boolean;
  readonly detailedMetric: boolean;
  readonly metadata?: JsonObject;
  readonly denyResponse?: DenyResponse;
  readonly position: Position;
}

/** The rules of one domain, ready to be matched. */
export interface DomainRules {
  readonly domain: string;
  readonly rules: readonly Rule[];
  /**
   * The rule that a descriptor meets, if any. Level by level: the exact value, else the first wildcard in file order,
   * else the longest network, else the first regular expression in file order, else the bare key, never going back; the
   * rule must be as deep as the descriptor. The cost does not grow with the number of exact values or of networks.
   */
  match(entries: readonly Entry[]): Rule | undefined;
}

/** All rules in force. Immutable: a reload makes a new one. */
export interface RuleSet {
  /** By domain. */
  readonly domains: ReadonlyMap<string, DomainRules>;
}
