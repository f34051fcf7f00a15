import type { ResponseHeader } from "../engine/response-headers.js";
import type { HeaderRowSettings } from "./header-rows.js";

type HeaderKey = keyof HeaderRowSettings;

/** The settings that name a header; the others have the name that stands in the list. */
const NAMED_BY: Partial<Record<ResponseHeader, Exclude<HeaderKey, "responseHeaders">>> = {
  rule: "ruleHeader",
  limit: "limitHeader",
  remaining: "remainingHeader",
  reset: "resetHeader",
};

/** What is wrong between the settings of response headers, a line each: two that are told must not have one name. */
export function findHeaderContradictions(settings: HeaderRowSettings, name: (key: HeaderKey) => string): string[] {
  const faults: string[] = [];
  const known = new Map<string, HeaderKey>();
  for (const told of namedLast(settings.responseHeaders)) {
    const namedBy = NAMED_BY[told];
    const header = namedBy === undefined ? told : settings[namedBy];
    const key = namedBy ?? "responseHeaders";
    const other = known.get(header);
    if (other === undefined) known.set(header, key);
    else faults.push(`${name(key)} must not be ${header}: ${name(other)} already uses that name`);
  }
  return faults;
}

/** Those whose name can be chosen come last: it is they that can be changed. */
function namedLast(headers: readonly ResponseHeader[]): ResponseHeader[] {
  const isNamed = (header: ResponseHeader): boolean => NAMED_BY[header] !== undefined;
  return [...headers.filter((header) => !isNamed(header)), ...headers.filter(isNamed)];
}
