import { MAX_PERIOD_MICROS } from "../limits/limit.js";
import type { RateLimit } from "../rules/rule.js";
import { SECONDS_PER_UNIT } from "../rules/unit.js";
import { ruleLabel } from "./decision-detail.js";
import type { AnsweredLimit } from "./refusal.js";
import { integerItem, printableText, stringItem } from "./structured-field.js";

/** Rules may have long labels, and headers have no room for them. */
const MAX_NAME_LENGTH = 128;

const MAX_PERIOD_SECONDS = Math.floor(MAX_PERIOD_MICROS / 1_000_000);

/** A limit as both fields have it. */
interface Policy {
  readonly name: string;
  /** The name as a String of structured fields. */
  readonly item: string;
  /** What follows it in `RateLimit-Policy`. */
  readonly parameters: string;
}

/** The same few limits are told over and over. */
const policies = new WeakMap<RateLimit, Policy>();

/**
 * The policies of a request, each limit once, by a limit's own name, else its rule's label. The second limit of a name gets
 * ` (2)` after it, so that no two policies of an answer have one name.
 */
export function policiesOf(answered: readonly AnsweredLimit[]): Map<RateLimit, Policy> {
  const all = new Map<RateLimit, Policy>();
  for (const { planned, descriptor } of answered) {
    const { limit } = planned;
    if (all.has(limit)) continue;
    const policy = policyOf(limit, ruleLabel(descriptor));
    const count = 1 + [...all.values()].filter(({ name }) => name === policy.name).length;
    all.set(limit, count === 1 ? policy : { ...policy, item: stringItem(`${policy.name} (${count})`) });
  }
  return all;
}

/** `RateLimit-Policy` of draft-ietf-httpapi-ratelimit-headers-11: what each limit allows, such as `"per-client";q=30;w=60`. */
export function policyField(all: ReadonlyMap<RateLimit, Policy>): string {
  return [...all.values()].map(({ item, parameters }) => item + parameters).join(", ");
}

/**
 * `RateLimit` of that draft: what is left, such as `"per-client";r=4;t=2`. `t` is the time until the limit is full, or of a
 * limit that refuses the time until it lets the request through. Of several buckets of one limit the tightest is told.
 */
export function limitField(
  answered: readonly AnsweredLimit[],
  all: ReadonlyMap<RateLimit, Policy>,
  isRefused: boolean,
): string {
  const tightest = new Map<RateLimit, AnsweredLimit>();
  for (const one of answered) {
    const other = tightest.get(one.planned.limit);
    if (other === undefined || isTighter(one, other, isRefused)) tightest.set(one.planned.limit, one);
  }
  const items = [...tightest].map(([limit, { outcome }]) => {
    const remaining = integerItem(Math.max(0, outcome.tokens));
    const micros = isRefused ? outcome.untilFitsMicros : outcome.untilFullMicros;
    return `${all.get(limit)?.item};r=${remaining};t=${integerItem(secondsOf(micros, limit, isRefused))}`;
  });
  return items.join(", ");
}

/** A wait in whole seconds, rounded up; the limit's period where it never ends (as in D7), and at least 1 after a refusal. */
export function secondsOf(micros: number, { bucket }: RateLimit, isRefused: boolean): number {
  const seconds = Math.ceil((Number.isFinite(micros) ? micros : bucket.periodMicros) / 1_000_000);
  return isRefused ? Math.max(1, seconds) : seconds;
}

function policyOf(limit: RateLimit, label: string): Policy {
  const known = policies.get(limit);
  if (known !== undefined) return known;
  const name = printableText(limit.name === "" ? label : limit.name).slice(0, MAX_NAME_LENGTH);
  const policy = { name, item: stringItem(name), parameters: policyParameters(limit) };
  policies.set(limit, policy);
  return policy;
}

function policyParameters({ requestsPerUnit, unit, unitMultiplier, bucket }: RateLimit): string {
  const window = Math.min(SECONDS_PER_UNIT[unit] * unitMultiplier, MAX_PERIOD_SECONDS);
  // The draft has no word for it, and leaves such parameters to who needs them.
  const burst = bucket.burst === requestsPerUnit ? "" : `;weir-burst=${integerItem(bucket.burst)}`;
  return `;q=${integerItem(requestsPerUnit)};w=${integerItem(window)}${burst}`;
}

function isTighter({ outcome: one }: AnsweredLimit, { outcome: other }: AnsweredLimit, isRefused: boolean): boolean {
  return isRefused ? one.untilFitsMicros > other.untilFitsMicros : one.tokens < other.tokens;
}
