import type { Entry } from "../rules/rule.js";

/** `KEY=VALUE` as one entry of a descriptor. The first `=` ends the key: values often have more of them, keys hardly ever. */
export function readEntry(text: string): Entry | undefined {
  const at = text.indexOf("=");
  return at < 1 ? undefined : { key: text.slice(0, at), value: text.slice(at + 1) };
}
