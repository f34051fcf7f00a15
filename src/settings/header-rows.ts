import type { ResponseHeader } from "../engine/response-headers.js";
import { anyHeaderName, headerName, type Setting, someOf } from "./kinds.js";

/** What the client is told in headers of the answer. */
export interface HeaderRowSettings {
  /** Empty: nothing. */
  readonly responseHeaders: readonly ResponseHeader[];
  /** In lower case. */
  readonly ruleHeader: string;
  /** In lower case, as the next two. */
  readonly limitHeader: string;
  readonly remainingHeader: string;
  readonly resetHeader: string;
}

/** The rows of the table that are about them. */
export const HEADER_ROWS: { readonly [Key in keyof HeaderRowSettings]: Setting<HeaderRowSettings[Key]> } = {
  responseHeaders: {
    name: "response-headers",
    default: "",
    description:
      "Headers sent to clients: RateLimit, RateLimit-Policy, Retry-After, the rule that refused, and envoyproxy/ratelimit's limit, remaining and reset.",
    ...someOf("ratelimit", "ratelimit-policy", "retry-after", "rule", "limit", "remaining", "reset"),
  },
  ruleHeader: {
    name: "rule-header",
    default: "x-weir-rule",
    description: "The header that names the rule that refused, if response-headers contains rule.",
    ...headerName,
  },
  limitHeader: {
    name: "limit-header",
    default: "ratelimit-limit",
    description: "The header with the requests_per_unit of the nearest limit, if response-headers contains limit.",
    ...anyHeaderName,
  },
  remainingHeader: {
    name: "remaining-header",
    default: "ratelimit-remaining",
    description: "The header with what is left of that limit, if response-headers contains remaining.",
    ...anyHeaderName,
  },
  resetHeader: {
    name: "reset-header",
    default: "ratelimit-reset",
    description: "The header with the seconds until that limit is full again, if response-headers contains reset.",
    ...anyHeaderName,
  },
};
