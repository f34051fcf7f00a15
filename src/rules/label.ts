import type { RuleStep } from "./rule.js";

/**
 * A rule in metrics and logs, such as `path=/login/* > remote_address`. No two paths have one label: `\` and `>`, and
 * `=` in keys, get a backslash, control characters are written `\u000a`.
 */
export function labelOf(path: readonly Pick<RuleStep, "key" | "value">[]): string {
  return path.map(labelStep).join(" > ");
}

function labelStep({ key, value }: Pick<RuleStep, "key" | "value">): string {
  const keyLabel = escapeText(key.replace(/\\/g, "\\\\").replace(/=/g, "\\="));
  return value === undefined ? keyLabel : `${keyLabel}=${escapeText(value.replace(/\\/g, "\\\\"))}`;
}

function escapeText(text: string): string {
  return text
    .replace(/>/g, "\\>")
    .replace(/\p{Cc}/gu, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
