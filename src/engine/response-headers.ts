import type { DenyResponse } from "../rules/rule.js";
import type { Verdict } from "../stores/store.js";
import { ruleLabel } from "./decision-detail.js";
import type { RequestPlan } from "./plan.js";
import { limitField, policiesOf, policyField, secondsOf } from "./rate-limit-fields.js";
import { type AnsweredLimit, answeredLimits, mayRefuse, refusingLimits } from "./refusal.js";
import { printableText } from "./structured-field.js";

/**
 * What the client can be told in headers.
 * - ratelimit, ratelimit-policy: the fields of draft-ietf-httpapi-ratelimit-headers-11.
 * - retry-after: on a refusal, the seconds until the same request would be let through.
 * - rule: on a refusal, the rule that the client has to wait for longest.
 */
export type ResponseHeader = "ratelimit" | "ratelimit-policy" | "retry-after" | "rule";

/** A header; its name is in lower case. */
export interface HeaderField {
  readonly key: string;
  readonly value: string;
}

/** Which headers there are. */
export interface HeaderSettings {
  /** Absent or empty: none. */
  readonly responseHeaders?: readonly ResponseHeader[];
  /** The name of the header with the rule, in lower case. */
  readonly ruleHeader?: string;
}

/** Tells of limits in headers. */
export class ResponseHeaders {
  readonly #wanted: ReadonlySet<ResponseHeader>;
  readonly #ruleHeader: string;

  private constructor(wanted: readonly ResponseHeader[], ruleHeader: string) {
    this.#wanted = new Set(wanted);
    this.#ruleHeader = ruleHeader;
  }

  /** By these settings; undefined where they want none. */
  static by({ responseHeaders = [], ruleHeader = "x-weir-rule" }: HeaderSettings): ResponseHeaders | undefined {
    return responseHeaders.length === 0 ? undefined : new ResponseHeaders(responseHeaders, ruleHeader);
  }

  /**
   * The headers of a decision; undefined when there is nothing to tell. Limits in shadow are not told: whoever goes by them
   * would hold back for nothing. On a refusal `RateLimit` has the limits that refuse and no others, so that no time in it is
   * beyond Retry-After, as the draft asks.
   * @param denyResponse its headers go first: none of them is here too
   */
  of(plan: RequestPlan, verdict: Verdict, denyResponse: DenyResponse | undefined): HeaderField[] | undefined {
    const answered = answeredLimits(plan, verdict);
    const refusing = verdict.admitted ? [] : refusingLimits(answered);
    const told = answered.filter(({ planned }) => mayRefuse(planned.charge.role));
    const headers = [...this.#limitHeaders(told, refusing), ...this.#refusalHeaders(refusing)];
    const ownHeaders = denyResponse?.headers ?? [];
    const free = headers.filter(({ key }) => !ownHeaders.some((own) => own.key === key));
    return free.length === 0 ? undefined : free;
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
