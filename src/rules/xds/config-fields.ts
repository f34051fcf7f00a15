import type { Algorithm } from "../../limits/limit.js";
import { DEFAULT_ALGORITHM } from "../algorithm.js";
import type { SECONDS_PER_UNIT } from "../unit.js";
import { type DomainDefaults, tokensOf } from "./limit-defaults.js";
import type { ConfigDescriptor, ConfigLimit, RateLimitConfig } from "./rate-limit-config.js";
import type { Fields, Written } from "./write-rules.js";

/** The units by their number, from 1. 0 is none. */
const UNITS: readonly (keyof typeof SECONDS_PER_UNIT)[] = ["second", "minute", "hour", "day", "month", "year", "week"];

/** What applies to all limits of a resource. */
interface Common {
  readonly defaults: DomainDefaults;
  /** How they count. */
  readonly algorithm: Algorithm;
}

/**
 * A RateLimitConfig as the fields of a rules file that says the same, with the defaults of its domain written out.
 * What it cannot say in proto3, since it is empty, is left out.
 * @param defaultAlgorithm how limits count where the domain has no default of its own
 */
export function fieldsOfConfig(
  { domain, descriptors }: RateLimitConfig,
  defaults: DomainDefaults,
  defaultAlgorithm: Algorithm = DEFAULT_ALGORITHM,
): Fields {
  const { algorithm } = defaults;
  const common = { defaults, algorithm: algorithm ?? defaultAlgorithm };
  return [
    ...filled("domain", domain),
    ...(algorithm === undefined ? [] : [plain("algorithm", algorithm)]),
    ...blocks("descriptors", descriptors, common),
  ];
}

function fieldsOfDescriptor(descriptor: ConfigDescriptor, common: Common): Fields {
  const { key, value, rateLimit, descriptors, metadata } = descriptor;
  return [
    ...filled("key", key),
    ...filled("value", value),
    ...(rateLimit === undefined
      ? []
      : [field("rate_limit", { kind: "map", fields: fieldsOfLimit(rateLimit, common) })]),
    ...flag("shadow_mode", descriptor.shadowMode),
    ...flag("quota_mode", descriptor.quotaMode),
    ...flag("detailed_metric", descriptor.detailedMetric),
    ...(metadata === undefined ? [] : [field("metadata", { kind: "json", value: metadata })]),
    ...blocks("descriptors", descriptors, common),
  ];
}

function fieldsOfLimit(limit: ConfigLimit, { defaults, algorithm }: Common): Fields {
  const { unit, requestsPerUnit, unlimited, name, replaces } = limit;
  const { burst, maxDebt } = defaults;
  // A number that this Weir does not know is told as it is.
  const unitName = UNITS[unit - 1] ?? unit;
  const hasBurst = !unlimited && requestsPerUnit > 0 && algorithm === "token_bucket" && burst !== undefined;
  return [
    ...(unit === 0 ? [] : [plain("unit", String(unitName))]),
    ...(unlimited && requestsPerUnit === 0 ? [] : [plain("requests_per_unit", requestsPerUnit)]),
    ...flag("unlimited", unlimited),
    ...(hasBurst ? [plain("burst", Math.max(1, tokensOf(burst, requestsPerUnit)))] : []),
    ...(unlimited || maxDebt === undefined ? [] : [plain("max_debt", tokensOf(maxDebt, requestsPerUnit))]),
    ...filled("name", name),
    ...(replaces.length === 0 ? [] : [field("replaces", { kind: "maps", items: replaces.map(fieldsOfReplaced) })]),
  ];
}

function fieldsOfReplaced(name: string): Fields {
  return [field("name", { kind: "text", value: name })];
}

function blocks(key: string, descriptors: readonly ConfigDescriptor[], common: Common): Fields {
  if (descriptors.length === 0) return [];
  const items = descriptors.map((descriptor) => fieldsOfDescriptor(descriptor, common));
  return [field(key, { kind: "blocks", items })];
}

function filled(key: string, value: string): Fields {
  return value === "" ? [] : [field(key, { kind: "text", value })];
}

function flag(key: string, value: boolean): Fields {
  return value ? [plain(key, value)] : [];
}

function plain(key: string, value: number | boolean | string): Fields[number] {
  return field(key, { kind: "plain", value });
}

function field(key: string, value: Written): Fields[number] {
  return [key, value];
}
