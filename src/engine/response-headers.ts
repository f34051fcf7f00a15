import type { DenyResponse } from "../rules/rule.js";
import type { Verdict } from "../stores/store.js";
import type { DescriptorStatus } from "./decision.js";
import { ruleLabel } from "./decision-detail.js";
import type { HeaderField } from "./header-field.js";
import type { RequestPlan } from "./plan.js";
import { limitField, policiesOf, policyField, secondsOf } from "./rate-limit-fields.js";
import { type AnsweredLimit, answeredLimits, mayRefuse, refusingLimits } from "./refusal.js";
import { type StatusHeaderNames, statusHeaders } from "./status-headers.js";
import { printableText } from "./structured-field.js";

/**
 * What the client can be told in headers.
 * - ratelimit, ratelimit-policy: the fields of draft-ietf-httpapi-ratelimit-headers-11.
 * - retry-after: on a refusal, the seconds until the same request would be let through.
 * - rule: on a refusal, the rule that the client has to wait for longest.
 * - limit, remaining, reset: of the limit that is nearest, as envoyproxy/ratelimit tells it.
 */
export type ResponseHeader = "ratelimit" | "ratelimit-policy" | "retry-after" | "rule" | StatusHeader;

type StatusHeader = keyof StatusHeaderNames;

/** Which headers there are. */
export interface HeaderSettings {
  /** Absent or empty: none. */
  readonly responseHeaders?: readonly ResponseHeader[];
  /** The name of the header with the rule, in lower case. */
  readonly ruleHeader?: string;
  /** The names of the headers limit, remaining and reset, in lower case. */
  readonly limitHeader?: string;
  readonly remainingHeader?: string;
  readonly resetHeader?: string;
}

/** A request as it was answered. */
export interface AnsweredRequest {
  readonly plan: RequestPlan;
  readonly verdict: Verdict;
  readonly statuses: readonly DescriptorStatus[];
  /** Its headers go first: none of them is told twice. */
  readonly denyResponse: DenyResponse | undefined;
  /** Whether it is let through whatever limits say. */
  readonly letsAllThrough: boolean;
}

/** Tells of limits in headers. */
export class ResponseHeaders {
  readonly #wanted: ReadonlySet<ResponseHeader>;
  readonly #ruleHeader: string;
  readonly #statusHeaders: StatusHeaderNames;

  private constructor(settings: HeaderSettings) {
    const { responseHeaders = [], limitHeader = "ratelimit-limit" } = settings;
    const { remainingHeader = "ratelimit-remaining", resetHeader = "ratelimit-reset" } = settings;
    this.#wanted = new Set(responseHeaders);
    this.#ruleHeader = settings.ruleHeader ?? "x-weir-rule";
    this.#statusHeaders = {
      ...(this.#wanted.has("limit") ? { limit: limitHeader } : {}),
      ...(this.#wanted.has("remaining") ? { remaining: remainingHeader } : {}),
      ...(this.#wanted.has("reset") ? { reset: resetHeader } : {}),
    };
  }

  /** By these settings; undefined where they want none. */
  static by(settings: HeaderSettings): ResponseHeaders | undefined {
    return (settings.responseHeaders ?? []).length === 0 ? undefined : new ResponseHeaders(settings);
  }

  /**
   * The headers of a decision; undefined when there is nothing to tell. Limits in shadow are not told, and none where all
   * are let through: whoever goes by them would hold back for nothing. (Envoyproxy/ratelimit's three tell all the same.)
   */
  of({ plan, verdict, statuses, denyResponse, letsAllThrough }: AnsweredRequest): HeaderField[] | undefined {
    const headers = [
      ...(letsAllThrough ? [] : this.#enforcedHeaders(plan, verdict)),
      ...statusHeaders(statuses, this.#statusHeaders),
    ];
    const ownHeaders = denyResponse?.headers ?? [];
    const free = headers.filter(({ key }) => !ownHeaders.some((own) => own.key === key));
    return free.length === 0 ? undefined : free;
  }

  /**
   * On a refusal `RateLimit` has the limits that refuse and no others, so that no time in it is beyond Retry-After, as the
   * draft asks.
   */
  #enforcedHeaders(plan: RequestPlan, verdict: Verdict): HeaderField[] {
    const answered = answeredLimits(plan, verdict);
    const refusing = verdict.admitted ? [] : refusingLimits(answered);
    const told = answered.filter(({ planned }) => mayRefuse(planned.charge.role));
    return [...this.#limitHeaders(told, refusing), ...this.#refusalHeaders(refusing)];
  }

  #limitHeaders(told: readonly AnsweredLimit[], refusing: readonly AnsweredLimit[]): HeaderField[] {
    const wantsLimits = this.#wanted.has("ratelimit");
    const wantsPolicies = this.#wanted.has("ratelimit-policy");
    if (told.length === 0 || (!wantsLimits && !wantsPolicies)) return [];
    const policies = policiesOf(told);
    const isRefused = refusing.length > 0;
    const headers: HeaderField[] = [];
    if (wantsPolicies) headers.push({ key: "ratelimit-policy", value: policyField(policies) });
    if (wantsLimits) {
      headers.push({ key: "ratelimit", value: limitField(isRefused ? refusing : told, policies, isRefused) });
    }
    return headers;
  }

  #refusalHeaders(refusing: readonly AnsweredLimit[]): HeaderField[] {
    const waits = refusing.map(({ planned, outcome }) => secondsOf(outcome.untilFitsMicros, planned.limit, true));
    const longest = Math.max(...waits);
    const refuser = refusing[waits.indexOf(longest)];
    if (refuser === undefined) return [];
    const headers: HeaderField[] = [];
    if (this.#wanted.has("retry-after")) headers.push({ key: "retry-after", value: String(longest) });
    if (this.#wanted.has("rule")) {
      headers.push({ key: this.#ruleHeader, value: printableText(ruleLabel(refuser.descriptor)).trim() });
    }
    return headers;
  }
}
