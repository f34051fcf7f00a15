import type { ResponseHeader } from "../engine/response-headers.js";
import { headerName, type Setting, someOf } from "./kinds.js";

/** What the client is told in headers of the answer. */
export interface HeaderRowSettings {
  /** Empty: nothing. */
  readonly responseHeaders: readonly ResponseHeader[];
  /** In lower case. */
  readonly ruleHeader: string;
}

/** The rows of the table that are about them. */
export const HEADER_ROWS: { readonly [Key in keyof HeaderRowSettings]: Setting<HeaderRowSettings[Key]> } = {
  responseHeaders: {
    name: "response-headers",
    default: "",
    description:
      "What clients are told in headers: RateLimit, RateLimit-Policy, Retry-After, and the rule that refused.",
    ...someOf("ratelimit", "ratelimit-policy", "retry-after", "rule"),
  },
  ruleHeader: {
    name: "rule-header",
    default: "x-weir-rule",
    description: "The header that names the rule which refused, where response-headers has rule.",
    ...headerName,
  },
};
