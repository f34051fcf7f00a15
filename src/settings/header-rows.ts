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
      "What clients are told in headers: RateLimit, RateLimit-Policy, Retry-After, the rule that refused, or three more.",
    ...someOf("ratelimit", "ratelimit-policy", "retry-after", "rule", "limit", "remaining", "reset"),
  },
  ruleHeader: {
    name: "rule-header",
    default: "x-weir-rule",
    description: "The header that names the rule which refused, where response-headers has rule.",
    ...headerName,
  },
  limitHeader: {
    name: "limit-header",
    default: "ratelimit-limit",
    description: "The header with the requests_per_unit of the nearest limit, where response-headers has limit.",
    ...anyHeaderName,
  },
  remainingHeader: {
    name: "remaining-header",
    default: "ratelimit-remaining",
    description: "The header with what is left of it, where response-headers has remaining.",
    ...anyHeaderName,
  },
  resetHeader: {
    name: "reset-header",
    default: "ratelimit-reset",
    description: "The header with the seconds until it is whole again, where response-headers has reset.",
    ...anyHeaderName,
  },
};
